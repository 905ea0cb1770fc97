package aiohttp

// NoticeTime is the longest delay before a cancellation without a cause reaches the task.
const NoticeTime = closeNotifyDelay
