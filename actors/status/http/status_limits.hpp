// SPDX-License-Identifier: MIT
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

/// Limits of what status clients can use. Their deadlines are real time, on the HTTP
/// thread, by `session_clock`: nothing that must be deterministic under the test clock
/// depends on them.
namespace peerage::status_limits {

inline constexpr std::size_t header_bytes = 8 << 10;
inline constexpr std::size_t body_bytes = 4 << 20;

/// Bodies that are kept while they come, over all connections; the next one gets a 503.
/// Bodies of refused requests are discarded as they come.
inline constexpr std::size_t all_bodies_bytes = 64 << 20;
/// Memory of the parsed calls under way; beyond, a call is `overloaded`.
inline constexpr std::size_t all_calls_bytes = 64 << 20;
/// A call up to this size always finds room in both.
inline constexpr std::size_t small_call_bytes = 16 << 10;
/// Bytes read at a time.
inline constexpr std::size_t read_bytes = 16 << 10;

/// Connections of each address, by stage; see `admission`. Idle, slow and hasty ones go
/// when a newcomer needs their place; beyond the other limits a request gets a 503.
inline constexpr std::size_t idle_connections = 64;
inline constexpr std::size_t documents = 64;
inline constexpr std::size_t calls = 128;
inline constexpr std::size_t waiting_calls = 256;
inline constexpr std::size_t urgent_documents = 128;
/// Connections of each address that have become event streams: they count here and no
/// longer above, so that readers that stay for hours do not keep others from asking. The
/// next one gets a 503, too. Connections with the cookie have as many of their own.
inline constexpr std::size_t event_streams = 64;

/// How often sessions look at the time, and at clients that have shut their sending side.
inline constexpr std::chrono::milliseconds tick{250};

/// From "ready to read" to the last byte of a request: also how long a kept-alive
/// connection may idle.
inline constexpr std::chrono::seconds request_deadline{10};
/// For a client to read the next part of an answer, `write_bytes` at most. 10,000 peers
/// are some 8 MB: a client that does not read keeps the answer in memory, shared with
/// concurrent requests.
inline constexpr std::chrono::seconds reply_deadline{30};
inline constexpr std::size_t write_bytes = 64 << 10;
/// Bytes of documents kept for slow readers: beyond, the slowest reader goes.
inline constexpr std::size_t held_document_bytes = 64 << 20;
/// An answer to calls up to this length is sent whole, a longer one in chunks, each made
/// when the last one is out.
inline constexpr std::size_t whole_answer_bytes = 256 << 10;
/// Memory of the answer to one call while it is sent, and of all together; beyond, the
/// call is `overloaded`.
inline constexpr std::size_t call_answer_bytes = 64 << 20;
inline constexpr std::size_t all_answers_bytes = 128 << 20;
/// After a last answer we read on and discard for this long, and this much: closing with
/// unread bytes would reset the connection and could destroy the answer on its way.
inline constexpr std::chrono::seconds linger_deadline{2};
inline constexpr std::size_t linger_bytes = 8 << 20;

/// The reader of an event stream: the frames of a WebSocket are ignored, so they must be
/// small; it must answer pings; the kernel buffers little for any reader.
inline constexpr std::size_t event_inbound_bytes = 4 << 10;
inline constexpr std::chrono::seconds event_idle_deadline{30};
inline constexpr int event_send_buffer_bytes = 64 << 10;
/// Server-sent events: a comment after so much silence, as the standard recommends.
inline constexpr std::chrono::seconds event_comment_pace{15};
/// Old events taken from the log at a time.
inline constexpr std::uint64_t event_fetch = 100;

/// The node has this long to answer the status actor; then the client gets a 504.
inline constexpr std::chrono::seconds source_deadline{2};
/// The same for answers that wait for the disk, which may be busy.
inline constexpr std::chrono::seconds disk_deadline{20};
/// The same for the lookup of a host name, which asks other machines.
inline constexpr std::chrono::seconds lookup_deadline{15};

} // namespace peerage::status_limits
