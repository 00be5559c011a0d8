#pragma once

#include "actors/status/http.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/optional.hpp>

#include <cstdint>
#include <utility>

namespace peerage {

/// The body of a response (Beast's concept Body) that others may be sending, too. It goes
/// out in parts: between those of a long one others have their turns.
struct shared_body {
  using value_type = shared_text;
  static constexpr std::size_t part_bytes = 64 << 10;

  static std::uint64_t size(const value_type& x) { return x.view().size(); }

  class writer {
  public:
    using const_buffers_type = boost::asio::const_buffer;

    template <bool is_request, class Fields>
    writer(const http::header<is_request, Fields>&, const value_type& body)
        : left_(body.view().data(), body.view().size()) {}

    void init(boost::system::error_code& error) { error = {}; }

    boost::optional<std::pair<const_buffers_type, bool>>
    get(boost::system::error_code& error) {
      error = {};
      const boost::asio::const_buffer part = boost::asio::buffer(left_, part_bytes);
      left_ += part.size();
      return std::pair{part, left_.size() > 0};
    }

  private:
    boost::asio::const_buffer left_;
  };
};

} // namespace peerage
