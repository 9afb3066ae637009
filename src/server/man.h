/*
 * man: the manual page reeved(8), its options from the configuration's table. The build writes and installs it.
 */
#ifndef SERVER_MAN_H
#define SERVER_MAN_H

#include "base/buffer.h"

void man_write(struct buffer *into);

#endif
