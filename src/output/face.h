#ifndef PAL_OUTPUT_FACE_H
#define PAL_OUTPUT_FACE_H
/*
 * The one state of the performance: what the face should look like now. Whoever shows it (an avatar
 * on TCP, VMC, the page) is a link; each gets the same state and moves there in its own way.
 */
#include "output/expression.h"

struct pal_face {
    float weights[PAL_N_EXPRESSIONS]; /* 0 to 1; by enum pal_expression */
    float head_deg[3];                /* yaw (to its left), pitch (up), roll */
    float speed;                      /* how fast to get there: the easing's 1/s, 0.1 to 10 */
    bool auto_blink;
    bool auto_head; /* small movements when nothing else moves it */
    bool thinking;  /* a line has come, its reply has no word yet; head and eyes say so already */
    bool speaking;  /* words are coming */
};

#endif
