/* Reads the frames of a training loop that calls nv.watch, in plain C (docs/wire.md):
 *   cc -o watch_reader watch_reader.c && ./watch_reader $XDG_RUNTIME_DIR/nnviz3d/RUN-PROCESS.sock
 * Prints the header of each message and the sum of the float32 numbers behind it, which are parameters and gradients. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const char HELLO[] = "{\"version\":1,\"kind\":\"hello\",\"program\":\"watch_reader.c\",\"arrays\":[]}  ";

static uint64_t little(const unsigned char *at, int bytes) {
    uint64_t value = 0;
    while (bytes--) value = value << 8 | at[bytes];
    return value;
}

static int take(int link, void *to, size_t bytes) { /* 1: all of them came */
    for (char *at = to; bytes;) {
        ssize_t got = read(link, at, bytes);
        if (got <= 0) return 0;
        at += got;
        bytes -= (size_t)got;
    }
    return 1;
}

int main(int count, char **argument) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (count != 2 || strlen(argument[1]) >= sizeof address.sun_path) return fprintf(stderr, "usage: watch_reader SOCKET\n"), 2;
    strcpy(address.sun_path, argument[1]);
    int link = socket(AF_UNIX, SOCK_STREAM, 0);
    if (connect(link, (struct sockaddr *)&address, sizeof address)) return perror(argument[1]), 1;

    unsigned char prefix[16] = "NNVZ"; /* then 4 bytes of the header's size and 8 of the arrays', the first byte the lowest */
    prefix[4] = sizeof HELLO - 1;
    if (write(link, prefix, 16) != 16 || write(link, HELLO, sizeof HELLO - 1) != (ssize_t)sizeof HELLO - 1) return perror("hello"), 1;

    while (take(link, prefix, 16)) {
        uint64_t header = little(prefix + 4, 4), body = little(prefix + 8, 8);
        if (memcmp(prefix, "NNVZ", 4) || header > 4 << 20 || body > 1 << 30) return fprintf(stderr, "no message of nnviz3d\n"), 1;
        char *text = malloc(header + 1), *arrays = malloc(body + 8);
        if (!text || !arrays || !take(link, text, header) || !take(link, arrays, body)) return fprintf(stderr, "cut off\n"), 1;
        text[header] = 0;

        double sum = 0;
        const char *mark = "\"dtype\":\"float32\",\"shape\":";
        for (char *at = text; (at = strstr(at, mark)); at++) { /* a real program would use a library for JSON */
            uint64_t numbers = 1;
            char *side = at + strlen(mark) + 1;
            for (; *side && *side != ']'; side += *side == ',') numbers *= strtoull(side, &side, 10);
            uint64_t offset = strtoull(strchr(side, ':') + 1, NULL, 10);
            if (numbers > body / 4 || offset > body - 4 * numbers) return fprintf(stderr, "an array lies outside\n"), 1;
            for (uint64_t k = 0; k < numbers; k++) sum += ((float *)(arrays + offset))[k];
        }
        printf("%.9g %s\n", sum, text);
        free(text);
        free(arrays);
    }
    return close(link);
}
