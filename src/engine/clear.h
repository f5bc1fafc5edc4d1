#ifndef PAL_ENGINE_CLEAR_H
#define PAL_ENGINE_CLEAR_H
/*
 * How ggml's buffers are cleared.
 *
 * libllama clears a new KV by writing zeros over all of it. Most of that is memory that the kernel
 * has just zeroed, and much of it is not used for hours: writing makes every page of it present,
 * which is a good part of a small model's start, and hundreds of megabytes of a large one's. So the
 * function that libllama calls is defined here again, and the dynamic linker takes the program's:
 * large buffers in ggml's own host memory are given back to the kernel, page by page, and read as
 * zeros from then on; they take memory as they are used. All others are cleared by ggml's.
 */

/* Before the first context. Any thread, and more than once. */
void pal_clear_prepare(void);

#endif
