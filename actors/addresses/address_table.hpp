// SPDX-License-Identifier: MIT
#pragma once

#include "actors/addresses/address_buckets.hpp"
#include "actors/base/random_source.hpp"

#include <unordered_map>
#include <vector>

namespace peerage {

/// What became of an address that was told to the table.
enum class insert_result : std::uint8_t {
  added,      ///< New, perhaps in place of a terrible one.
  updated,    ///< Known; seen more recently than we knew, or with more services.
  known,      ///< Known, and nothing was news.
  slot_taken, ///< Refused: its only slot holds an address that is worth keeping.
  no_address, ///< Refused: it has no canonical form, see `shape_fault_of`.
};

/// The addresses of nodes that we know, at most 20,480, kept so that a source that lies,
/// or owns a range of addresses, gains a bounded share of them (`address_placement`).
///
/// After Bitcoin Core's address manager: an address starts in its slot among the *new*
/// and moves to its slot among the *tried* when a connection of ours has succeeded.
/// Unlike there, an address has one slot among the new, given by its first source. A
/// taken slot among the new is given up only by a terrible entry, and one among the tried
/// only after a test: see `connected`.
///
/// All addresses are canonical inside and in what is given out (invariant I13). Tor, I2P
/// and CJDNS addresses are kept and sampled, but never picked. The table neither judges
/// whether an address is routable nor knows bans: callers do, before and by their
/// filters.
class address_table {
public:
  static constexpr std::size_t capacity =
    (new_buckets + tried_buckets) * slots_per_bucket;

  /// Source: Bitcoin Core, `ADDRMAN_SET_TRIED_COLLISION_SIZE`.
  static constexpr std::size_t max_collisions = 10;

  /// @param secret Decides who shares a slot with whom: random, kept, never shown.
  address_table(const hash_secret& secret, random_source& random);

  // Buckets refer to entries.
  address_table(const address_table&) = delete;
  address_table& operator=(const address_table&) = delete;

  // -- hearsay ------------------------------------------------------------------------

  /// Takes in hearsay. A known address is only seen more recently, and gains services
  /// until it has told us its own.
  ///
  /// @param source The source. Empty for DNS seeds and the like: all together they have
  ///               the room of one group of sources. For an address that a person enters,
  ///               the address itself.
  insert_result insert(const wire::network_address& address,
                       const std::optional<endpoint>& source, unix_seconds now);

  // -- dialing ------------------------------------------------------------------------

  /// An address to dial: from the new or the tried, at equal odds while both have
  /// suitable ones; a random bucket, a random entry, taken by its `chance`. It is pending
  /// from here on, and not given out again before the dial has ended: by `connected`,
  /// `failed` or `released`, or after `address_entry::longest_pending`.
  ///
  /// Empty only if no entry is suitable. The work is bounded: `filter` is called at most
  /// twice `address_buckets::max_draws` times, and then at most once for each entry.
  ///
  /// @param filter Which entries are suitable, of those that can be dialed and are not
  ///               pending: not banned, not connected, not too soon after a failure …
  std::optional<endpoint> pick(unix_seconds now, const entry_filter& filter);

  /// An address to test with a short connection: a tried one whose slot another waits
  /// for, else any of the new. Otherwise as `pick`.
  std::optional<endpoint> pick_feeler(unix_seconds now, const entry_filter& filter);

  // -- evidence; false if the address is not in the table -----------------------------

  /// A connection of ours finished its handshake, and `services` is what the remote said.
  /// The address moves to the tried. If its slot there is taken, it waits among the new
  /// until `pick_feeler` has had the occupant tested. The occupant stays if it has
  /// succeeded in the last 4 hours; it goes back to the new if it has failed in them, or
  /// was not tested within 40 minutes. At most `max_collisions` wait; others just stay
  /// new. Source: Bitcoin Core, `ADDRMAN_REPLACEMENT`, `ADDRMAN_TEST_WINDOW`.
  ///
  /// Worth repeating every few hours while a connection lasts. Does not touch the time
  /// that peers get to see: it would tell to which nodes we are connected.
  bool connected(const endpoint& remote, std::uint64_t services, unix_seconds now);

  /// A dial or its handshake failed. Use `released` while no dial at all succeeds: being
  /// offline says nothing about addresses.
  bool failed(const endpoint& remote, unix_seconds now);

  /// A pending dial ended without evidence, by our own stop or limit.
  bool released(const endpoint& remote);

  /// A connection of ours ended, so the node was seen until now. Noted only if that is
  /// news by more than 20 minutes (Bitcoin Core: `AddrMan::Connected`).
  bool disconnected(const endpoint& remote, unix_seconds now);

  // -- looking ------------------------------------------------------------------------

  /// Distinct random addresses, none of them terrible, as getaddr is answered. At most
  /// `max_count`, and at most `max_percent` of all entries (rounded up; getaddr: 23,
  /// Bitcoin Core's `MAX_PCT_ADDR_TO_SEND`), of those that `include` accepts.
  std::vector<wire::network_address> sample(std::size_t max_count,
                                            std::size_t max_percent,
                                            const entry_filter& include,
                                            unix_seconds now) const;

  /// Null if it is unknown. Valid until the table changes.
  const address_entry* find(const endpoint& remote) const;
  const address_entry* find(const wire::network_address& address) const;
  bool contains(const endpoint& remote) const { return find(remote) != nullptr; }

  /// Where an entry of the table stands, among the new or the tried.
  address_place place_of(const address_entry& x) const { return buckets_.place_of(x); }

  std::size_t size() const { return entries_.size(); }
  std::size_t collisions() const { return collisions_.size(); }
  address_counts counts() const { return buckets_.counts(); }
  address_counts counts(wire::address_network network) const {
    return buckets_.counts(network);
  }

  // -- removing, saving ---------------------------------------------------------------

  /// Forgets the entries that `filter` accepts, pending or not; returns their number.
  std::size_t erase_if(const entry_filter& filter);

  /// A copy of everything, to be saved together with `secret`.
  std::vector<address_entry> entries() const;
  const hash_secret& secret() const { return buckets_.secret(); }

  /// Takes in saved entries without trusting them: faulty addresses and duplicates are
  /// left out, impossible times are brought into range, and entries without a free slot
  /// are dropped. Times that lie ahead are kept: a machine without a clock of its own
  /// starts years behind, and sets it later. Returns how many were taken.
  std::size_t restore(const std::vector<address_entry>& saved, unix_seconds now);

  /// Whether every entry stands in its own slot, and every slot holds an entry of the
  /// table. For tests.
  bool is_consistent() const;

private:
  struct key_hash {
    std::size_t operator()(const address_key& x) const { return keyed_hash(secret, x); }
    hash_secret secret;
  };

  address_entry* lookup(const endpoint& remote);
  void add(address_entry entry);
  void erase(address_entry& x);
  /// From the new to the tried; the occupant of the slot there gives way.
  void promote(address_entry& x, unix_seconds now);
  /// Back to the new, or out if the slot there is held by a better one.
  void demote(address_entry& x, unix_seconds now);
  void resolve_collisions(unix_seconds now);
  /// The occupant of a slot that another entry waits for.
  address_entry* collision_to_test(unix_seconds now, const entry_filter& filter);

  random_source& random_;
  std::unordered_map<address_key, address_entry, key_hash> entries_;
  address_buckets buckets_;
  /// The entries that wait for a slot among the tried, and are still among the new.
  std::vector<address_key> collisions_;
};

} // namespace peerage
