// Serial line of a simulated board: bits from and to the design through DPI, bytes from and to
// Python through ctypes.

#include <svdpi.h>

#include <algorithm>
#include <cstdint>
#include <deque>

namespace {

const int BITS = 10;  // start bit, data with the lowest bit first, stop bit

// Time is counted so that a clock takes `baud` units and a bit `clock_hz`, and both as often as the
// design samples the line in a clock: the host's bits have their exact length, whatever the design
// makes of it.
struct Line {
    int64_t clock_hz = 1;
    int64_t baud = 1;
    uint32_t flip = 0;  // probability of a wrong bit, in units of 2^-32
    uint64_t random = 0x9E3779B97F4A7C15;
    uint64_t quiet = 0;  // clocks since anything went on

    std::deque<uint8_t> to_design;
    int sending = 0;  // bits left, the one on the line included
    uint32_t sent = 0;
    int64_t send_time = 0;  // since the bit on the line began

    std::deque<uint8_t> from_design;
    int receiving = 0;
    uint32_t received = 0;
    int64_t receive_time = 0;  // until the next bit's middle

    bool noise() {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        return static_cast<uint32_t>(random >> 32) < flip;
    }

    // Level at the next of `samples` samples of a clock.
    bool send(int samples) {
        if (sending == 0 && !to_design.empty()) {
            sent = to_design.front() << 1 | 1u << (BITS - 1);
            to_design.pop_front();
            sending = BITS;
            for (int bit = 0; bit < BITS; bit++) sent ^= static_cast<uint32_t>(noise()) << bit;
        }
        if (sending == 0) return true;
        const bool bit = sent & 1;
        send_time += baud;
        if (send_time >= clock_hz * samples) {
            send_time -= clock_hz * samples;
            sent >>= 1;
            sending--;
        }
        return bit;
    }

    void receive(bool bit) {
        if (receiving == 0) {
            if (bit) return;
            receiving = BITS;
            received = 0;
            receive_time = clock_hz / 2;
        }
        receive_time -= baud;
        if (receive_time > 0) return;
        receive_time += clock_hz;
        received = received >> 1 | static_cast<uint32_t>(bit ^ noise()) << (BITS - 1);
        receiving--;
        // A byte without its stop bit is lost.
        if (receiving == 0 && received >> (BITS - 1)) from_design.push_back(received >> 1);
    }
} line;

}  // namespace

extern "C" {

// Called from HDL, once a clock: the levels towards the design, the first one lowest.
int tickless_line(svBit tx, svBit busy, int samples) {
    line.receive(tx);
    int rx = 0;
    for (int sample = 0; sample < samples; sample++) rx |= line.send(samples) << sample;
    line.quiet = busy || line.sending || line.receiving ? 0 : line.quiet + 1;
    return rx;
}

// Called from Python.

void tickless_line_setup(uint64_t clock_hz, uint64_t baud, uint32_t flip) {
    line = Line();
    line.clock_hz = clock_hz;
    line.baud = baud;
    line.flip = flip;
}

void tickless_line_put(const uint8_t* bytes, uint32_t count) {
    line.to_design.insert(line.to_design.end(), bytes, bytes + count);
}

uint32_t tickless_line_waiting() { return line.to_design.size(); }

uint32_t tickless_line_take(uint8_t* bytes, uint32_t most) {
    const uint32_t count = std::min<size_t>(most, line.from_design.size());
    std::copy_n(line.from_design.begin(), count, bytes);
    line.from_design.erase(line.from_design.begin(), line.from_design.begin() + count);
    return count;
}

uint64_t tickless_line_quiet() { return line.quiet; }

}  // extern "C"
