package aiohttp

// NoticeTime is after how long a cancellation without a cause reaches the task.
const NoticeTime = noticeTime
