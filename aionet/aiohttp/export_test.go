package aiohttp

// NoticeTime is how long a cancellation without a cause may be held for the end of the client's direction.
const NoticeTime = noticeTime
