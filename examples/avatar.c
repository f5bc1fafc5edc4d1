/* Smiles for a second. cc avatar.c $(pkg-config --cflags --libs palabre-avatar) && ./a.out [port]
 */
#include <palabre/avatar.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int
main(int argc, char **argv)
{
    struct palabre_avatar *avatar = NULL;
    struct palabre_avatar_options options = {.size = sizeof(options)};
    options.port = (uint16_t)(argc > 1 ? strtoul(argv[1], NULL, 10) : 5555);
    int result = palabre_avatar_connect(&options, &avatar);
    if (result == PALABRE_AVATAR_OK && (result = palabre_avatar_wait(avatar, 10000)) == 0) {
        palabre_avatar_set_expression(avatar, "happy", 0.9f);
        result = palabre_avatar_await(avatar, 5000); /* the avatar has it now */
        nanosleep(&(struct timespec){.tv_sec = 1}, NULL);

        palabre_avatar_begin(avatar); /* one message: the old face off, the new one on */
        palabre_avatar_reset_expressions(avatar);
        palabre_avatar_set_expression(avatar, "surprised", 0.6f);
        palabre_avatar_send(avatar, 5000);
    }
    printf("%s\n", palabre_avatar_describe(result));
    palabre_avatar_close(avatar);
    return result == PALABRE_AVATAR_OK ? 0 : 1;
}
