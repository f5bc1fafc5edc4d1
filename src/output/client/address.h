#ifndef PAL_OUTPUT_CLIENT_ADDRESS_H
#define PAL_OUTPUT_CLIENT_ADDRESS_H
#include <stdint.h>
#include <sys/socket.h>

/* A numeric address (NULL = 127.0.0.1) as a socket address; its length, 0 = it is none. */
socklen_t palabre_address(const char *host, uint16_t port, struct sockaddr_storage *address);

#endif
