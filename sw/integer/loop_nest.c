// Loop nest of one spiking layer, written with AVX2 intrinsics: the yardstick of the fast engine.
//
// A convolution of an odd kernel with stride 1 and "same" padding, whose channels are a multiple
// of 16. Membranes are [height][width][channels], weights [inputs][kernel][kernel][channels].

#include <immintrin.h>
#include <stdint.h>

// Runs all events [n][3] = (channel, y, x), writes the spikes alike, and returns their number.
int64_t run(const int32_t *events, int64_t n, const int8_t *weight, const int16_t *threshold,
            const int16_t *floor, int16_t ceil, int64_t channels, int64_t height, int64_t width,
            int64_t kernel, int16_t *membrane, int32_t *spikes) {
    const int64_t pad = kernel / 2;
    const __m256i high = _mm256_set1_epi16(ceil);
    int32_t *out = spikes;
    for (const int32_t *event = events; event < events + 3 * n; event += 3) {
        const int8_t *by_input = weight + event[0] * kernel * kernel * channels;
        for (int64_t y = event[1] - pad; y <= event[1] + pad; y++) {
            if (y < 0 || y >= height) continue;
            for (int64_t x = event[2] - pad; x <= event[2] + pad; x++) {
                if (x < 0 || x >= width) continue;
                const int64_t tap = (event[1] + pad - y) * kernel + event[2] + pad - x;
                const int8_t *w = by_input + tap * channels;
                int16_t *v = membrane + (y * width + x) * channels;
                for (int64_t c = 0; c < channels; c += 16) {
                    const __m256i bar = _mm256_loadu_si256((const __m256i *)(threshold + c));
                    const __m256i low = _mm256_loadu_si256((const __m256i *)(floor + c));
                    const __m256i add =
                        _mm256_cvtepi8_epi16(_mm_loadu_si128((const __m128i *)(w + c)));
                    __m256i sum = _mm256_add_epi16(_mm256_loadu_si256((__m256i *)(v + c)), add);
                    const __m256i below = _mm256_cmpgt_epi16(bar, sum);
                    sum = _mm256_sub_epi16(sum, _mm256_andnot_si256(below, bar));
                    sum = _mm256_min_epi16(_mm256_max_epi16(sum, low), high);
                    _mm256_storeu_si256((__m256i *)(v + c), sum);
                    uint32_t fired = ~(uint32_t)_mm256_movemask_epi8(below) & 0x55555555u;
                    while (fired) {
                        *out++ = (int32_t)(c + __builtin_ctz(fired) / 2);
                        *out++ = (int32_t)y;
                        *out++ = (int32_t)x;
                        fired &= fired - 1;
                    }
                }
            }
        }
    }
    return (out - spikes) / 3;
}
