/* The table of the C kernels: one line each. ext/kernels.py has a row for each too. */
#include "scan.h"

extern const jh_kernel jh_avx512, jh_shani, jh_avx2, jh_armv8, jh_portable;

const jh_kernel *const jh_table[] = {
    &jh_avx512,
    &jh_shani,
    &jh_avx2,
    &jh_armv8,
    &jh_portable,
};

const size_t jh_table_rows = sizeof jh_table / sizeof *jh_table;
