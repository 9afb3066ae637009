/*
 * translate: a message of one version of the API as its counterpart in another.
 *
 * Copies fields of the same name (and the renamed pairs in translate.c), at any depth; what the target does not have is
 * dropped.
 */
#ifndef SERVICE_TRANSLATE_H
#define SERVICE_TRANSLATE_H

#include "schema/message.h"

/* A message of type `to` in the arena; strings and bytes are shared with `from`. NULL `from` gives NULL. */
FALLIBLE message_translate(struct arena *arena, const ProtobufCMessage *from, const struct message_type *to,
			   void **ret_message);

#endif
