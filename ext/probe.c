/* The core's clock, where no counter can be read (in virtual machines): additions that wait for each other.
 *
 * A register is added to a register, which takes one cycle on every core in use. (An addition of a constant would not
 * do: Intel's cores since 2021 carry out several of those in one cycle, when registers are renamed.)
 */
#include "scan.h"

void jh_add_chain(uint64_t count) {
    uint64_t sum = 0, step = 1;
    __asm__ volatile("" : "+r"(step)); /* could be anything */
    for (uint64_t i = 0; i < count; i += 64) {
#pragma GCC unroll 64
        for (int j = 0; j < 64; j++) {
            sum += step;
            __asm__ volatile("" : "+r"(sum)); /* now */
        }
    }
}
