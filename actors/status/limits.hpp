#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// What one status client can take of us. Its deadlines are Beast's own timers, real time
/// on the status thread: they are not a peer's, so nothing that must be deterministic
/// under the test clock depends on them.
namespace peerage::status_limits {

inline constexpr std::size_t header_bytes = 8 << 10;
inline constexpr std::size_t body_bytes = 4 << 20;

/// Open at a time, over all addresses; the next one gets a 503. A little room above it is
/// for these refusals; what comes beyond is closed without a word.
inline constexpr std::size_t connections = 64;
inline constexpr std::size_t refusals = 16;
/// Connections that have become event streams: they count here and no longer above, so
/// that readers that stay for hours do not keep others from asking. The next one gets a
/// 503, too.
inline constexpr std::size_t event_streams = 64;

/// From "ready to read" to the last byte of a request: also how long a kept-alive
/// connection may idle.
inline constexpr std::chrono::seconds request_deadline{10};
/// Beyond the deadline of what another actor was asked: by then it has answered itself.
inline constexpr std::chrono::seconds answer_margin{5};
/// To take an answer; 10,000 peers are some 8 MB. Until then a client that does not read
/// keeps the answer, which it shares with those who asked at the same time.
inline constexpr std::chrono::seconds reply_deadline{30};
/// After a last answer we read on and discard for this long, and this much: closing with
/// unread bytes would reset the connection and could destroy the answer on its way.
inline constexpr std::chrono::seconds linger_deadline{2};
inline constexpr std::size_t linger_bytes = 8 << 20;

/// An event stream's reader: what it sends is ignored, so a frame may be small only; it
/// must answer pings; the kernel keeps little of what it does not read.
inline constexpr std::size_t event_inbound_bytes = 4 << 10;
inline constexpr std::chrono::seconds event_idle_deadline{30};
inline constexpr int event_send_buffer_bytes = 64 << 10;
/// Old events that it takes from the log at a time.
inline constexpr std::uint64_t event_fetch = 100;

/// The node has this long to answer the status actor; then the client gets a 504.
inline constexpr std::chrono::seconds source_deadline{2};
/// The same of one that answers only when something is on the disk, which may be busy.
inline constexpr std::chrono::seconds disk_deadline{20};

} // namespace peerage::status_limits
