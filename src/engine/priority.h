#ifndef PAL_ENGINE_PRIORITY_H
#define PAL_ENGINE_PRIORITY_H
/*
 * The place of the engine's process among the others: how much of a contended processor it takes,
 * and which processors.
 *
 * The process leaves the session that it was started in. Linux shares the processors between
 * sessions first and between a session's threads only then (autogroup), so that nice by itself does
 * nothing against a game that was started elsewhere; in a session of its own the engine has a group
 * of its own, whose weight it may lower.
 */
#include "engine/settings.h"

/*
 * For the calling process, before it has other threads, which inherit it. What the kernel refuses
 * is left as it is, and the log says so.
 */
void pal_priority_apply(const struct pal_settings *settings);

/* An engine that was loaded beside another (PAL_ENGINE_BESIDE) answers from now on. Any thread. */
void pal_priority_take_place(const struct pal_settings *settings);

/*
 * Runs it on a thread of its own, which gives way to all others of the machine, and waits until it
 * is done. What threads it starts inherit that. On this one if there can't be another.
 */
void pal_priority_run_aside(void (*run)(void *userdata), void *userdata);

#endif
