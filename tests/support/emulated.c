/* The C kernels as a server, for a CPU that is not here: built for it, run under an emulator, driven by emulated.py.
 *
 *     emulated          prints "NAME LANES RUNS" for each kernel, and an empty line; then reads the names of job files.
 *                       Each is scanned in a thread of its own and is printed when it has ended.
 *     emulated issue    carries out the operations of each kernel's floor; prints "NAME WIDTH SHARED EACH"
 *
 * A job file is mapped by both sides: the job, then midstates, a guard, hits, a guard. So hits are seen while they are
 * written, and `stop` may be set.
 */
#define _POSIX_C_SOURCE 200809L
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scan.h"

#define GUARD 64 /* bytes */

typedef struct { /* JOB in emulated.py */
    atomic_int stop;
    uint32_t kernel, n_midstates, tail[3], first, top_word;
    uint64_t count, cap, n_hits, done;
} job_t;

static int runs(const jh_kernel *row) { return row->scan && (!row->runs || row->runs()); }

static _Noreturn void fail(const char *what) {
    perror(what);
    exit(1);
}

static void *serve(void *path) {
    int file = open(path, O_RDWR);
    struct stat status;
    if (file < 0 || fstat(file, &status)) fail(path);
    void *map = mmap(NULL, (size_t)status.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (map == MAP_FAILED) fail(path);
    close(file);

    job_t *job = map;
    size_t size = 32 * (size_t)job->n_midstates;
    void *midstates = malloc(size); /* exactly as many: a sanitizer sees the first byte too far */
    if (!midstates) fail(path);
    memcpy(midstates, job + 1, size);
    jh_scan scan = {
        .midstates = midstates, .n_midstates = job->n_midstates, .tail = {job->tail[0], job->tail[1], job->tail[2]},
        .first = job->first, .count = job->count, .top_word = job->top_word,
        .hits = (jh_hit *)((char *)(job + 1) + size + GUARD), .cap = job->cap, .stop = &job->stop,
    };
    jh_result result = jh_table[job->kernel]->scan(&scan);
    job->n_hits = result.n_hits;
    job->done = result.done;
    free(midstates);
    munmap(map, (size_t)status.st_size);

    printf("%s\n", (char *)path);
    fflush(stdout);
    free(path);
    return NULL;
}

static int issue(void) {
    for (size_t i = 0; i < jh_table_rows; i++) {
        const jh_floor *counted = jh_table[i]->floor;
        if (!runs(jh_table[i]) || !counted) continue;
        counted->issue(16, 1);
        counted->issue(16, 3);
        printf("%s %u %u %u\n", jh_table[i]->name, counted->width, counted->shared, counted->each);
    }
    jh_add_chain(640);
    return 0;
}

int main(int argc, char **argv) {
    if (argc > 1) return strcmp(argv[1], "issue") ? 2 : issue();
    for (size_t i = 0; i < jh_table_rows; i++) printf("%s %u %d\n", jh_table[i]->name, jh_table[i]->lanes, runs(jh_table[i]));
    printf("\n");
    fflush(stdout);

    char line[4096];
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        pthread_t thread;
        char *path = strdup(line);
        if (!path || pthread_create(&thread, NULL, serve, path)) fail("thread");
        pthread_detach(thread);
    }
    return 0;
}
