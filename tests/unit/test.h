#ifndef PAL_TESTS_TEST_H
#define PAL_TESTS_TEST_H
/* cmocka with the includes that it needs before itself. Every unit test includes this first. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#endif
