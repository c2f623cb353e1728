// State of one simulation, filled by HDL through DPI and moved in bulk by Python through ctypes.

#include <svdpi.h>

#include <cstdint>
#include <vector>

namespace {

// Gate of a link under random stalls: two states, each left with its own probability a cycle, so
// that long runs (bursts) and short ones both occur. Probabilities are in units of 2^-32.
struct Gate {
    uint64_t random = 1;
    uint32_t close = 0;
    uint32_t open = 0;
    bool is_open = true;

    bool step() {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        const uint32_t draw = random >> 32;
        is_open = is_open ? draw >= close : draw < open;
        return is_open;
    }
};

// A record is the cycle in two words, then the payload, lowest word first.
struct Link {
    uint32_t words = 1;
    uint32_t room = 0;  // payload words of the newest record still to come
    std::vector<uint32_t> records;
    Gate gate;

    void push(uint64_t value) {
        for (int part = 0; part < 2 && room > 0; part++, room--) {
            records.push_back(static_cast<uint32_t>(value >> (32 * part)));
        }
    }
};

// Before a packet, counted from 0, a source waits for so many transfers of a link, or for so many
// packets taken from another source.
struct Wait {
    uint64_t packet;
    bool on_source;
    uint32_t index;
    uint64_t count;
};

// Packets lie in memory that Python owns: `words` 32-bit words each, lowest first.
struct Source {
    const uint32_t* packet = nullptr;  // on offer; `end` for none
    const uint32_t* end = nullptr;
    uint32_t words = 1;
    const uint32_t* next = nullptr;
    uint64_t taken = 0;
    std::vector<Wait> waits;  // by packet
    uint32_t waited = 0;
};

struct Bench {
    std::vector<Link> links;
    std::vector<Source> sources;
    std::vector<std::vector<uint64_t>> probes;
    std::vector<uint64_t> violation;  // the first one: link, cycle, valid, then (held, seen) words
    std::vector<uint64_t> transfers;  // a link
    std::vector<uint64_t> last_cycles;
    std::vector<uint64_t> snapshots;  // words a probe
    bool violation_is_open = false;
} bench;

}  // namespace

extern "C" {

// Called from HDL.

void tickless_transfer(int link, long long cycle, long long low) {
    Link& target = bench.links[link];
    target.room = target.words;
    target.records.push_back(static_cast<uint32_t>(cycle));
    target.records.push_back(static_cast<uint32_t>(static_cast<uint64_t>(cycle) >> 32));
    target.push(low);
    bench.transfers[link]++;
    bench.last_cycles[link] = cycle;
}

void tickless_transfer_more(int link, long long word) { bench.links[link].push(word); }

void tickless_violation(int link, long long cycle, svBit valid, long long held, long long seen) {
    bench.violation_is_open = bench.violation.empty();
    if (bench.violation_is_open) {
        bench.violation = {static_cast<uint64_t>(link), static_cast<uint64_t>(cycle), valid,
                           static_cast<uint64_t>(held), static_cast<uint64_t>(seen)};
    }
}

void tickless_violation_more(int, long long held, long long seen) {
    if (bench.violation_is_open) {
        bench.violation.push_back(held);
        bench.violation.push_back(seen);
    }
}

svBit tickless_gate(int link) { return bench.links[link].gate.step(); }

svBit tickless_advance(int source) {
    Source& target = bench.sources[source];
    if (target.packet != target.end) target.taken++;
    target.packet = target.end;
    for (; target.waited < target.waits.size(); target.waited++) {
        const Wait& wait = target.waits[target.waited];
        if (wait.packet > target.taken) break;
        const uint64_t count =
            wait.on_source ? bench.sources[wait.index].taken : bench.transfers[wait.index];
        if (count < wait.count) return 0;
    }
    if (target.next == target.end) return 0;
    target.packet = target.next;
    target.next += target.words;
    return 1;
}

long long tickless_word(int source, int word) {
    const Source& target = bench.sources[source];
    const uint32_t low = 2 * word;
    if (target.packet == target.end) return 0;
    const uint64_t high = low + 1 < target.words ? target.packet[low + 1] : 0;
    return static_cast<long long>(high << 32 | target.packet[low]);
}

void tickless_snapshot(int probe, long long word) {
    bench.probes[probe].push_back(word);
    bench.snapshots[probe]++;
}

// Called from Python. Pointers stay valid until the next clock edge or the next call of `clear`.

void tickless_setup(uint32_t links, const uint32_t* words, uint32_t sources, uint32_t probes) {
    bench = Bench();
    bench.links.resize(links);
    for (uint32_t link = 0; link < links; link++) bench.links[link].words = words[link];
    bench.sources.resize(sources);
    bench.probes.resize(probes);
    bench.transfers.resize(links);
    bench.last_cycles.resize(links);
    bench.snapshots.resize(probes);
}

void tickless_load(uint32_t source, const uint32_t* packets, uint64_t count, uint32_t words) {
    const uint32_t* end = packets + count * words;
    bench.sources[source] = {end, end, words, packets};
}

// In the order of the packets.
void tickless_wait(uint32_t source, uint64_t packet, bool on_source, uint32_t index,
                   uint64_t count) {
    bench.sources[source].waits.push_back({packet, on_source, index, count});
}

void tickless_stall(uint32_t link, uint64_t seed, uint32_t close, uint32_t open) {
    bench.links[link].gate = {seed, close, open, true};
}

uint64_t tickless_taken(uint32_t source) { return bench.sources[source].taken; }

const uint64_t* tickless_transfers() { return bench.transfers.data(); }

const uint64_t* tickless_last_cycles() { return bench.last_cycles.data(); }

const uint64_t* tickless_snapshots() { return bench.snapshots.data(); }

const uint64_t* tickless_first_violation(uint64_t* length) {
    *length = bench.violation.size();
    return bench.violation.data();
}

const uint32_t* tickless_records(uint32_t link, uint64_t* length) {
    *length = bench.links[link].records.size();
    return bench.links[link].records.data();
}

const uint64_t* tickless_membranes(uint32_t probe, uint64_t* length) {
    *length = bench.probes[probe].size();
    return bench.probes[probe].data();
}

void tickless_clear() {
    for (Link& link : bench.links) link.records.clear();
    for (auto& probe : bench.probes) probe.clear();
}

}  // extern "C"
