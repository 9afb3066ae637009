/* man: what reeved says of itself: its commands (commands.def) and keys (config.def), as the page reeved(8) and as --help. */
#ifndef SERVER_MAN_H
#define SERVER_MAN_H

#include "base/buffer.h"

/* The manual page, as roff. */
void man_write(struct buffer *into);
void help_write(struct buffer *into, const char *version);

#endif
