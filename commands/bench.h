#ifndef PAL_COMMANDS_BENCH_H
#define PAL_COMMANDS_BENCH_H
/*
 * The benches behind `palabre bench NAME`, each in bench/NAME.c: argv[0] is the name; the exit
 * status as in command.h, 1 if anything failed while it was measured.
 */
int pal_bench_chat(int argc, char **argv);
int pal_bench_engine(int argc, char **argv);
int pal_bench_beside(int argc, char **argv);
int pal_bench_memory(int argc, char **argv);
int pal_bench_park(int argc, char **argv);
int pal_bench_side(int argc, char **argv);
int pal_bench_ipc(int argc, char **argv);
int pal_bench_threads(int argc, char **argv);
int pal_bench_gpu(int argc, char **argv);
int pal_bench_tune(int argc, char **argv);
int pal_bench_warmup(int argc, char **argv);

#endif
