/*
 * person: somebody who signed in, as JSON inside of what travels or rests sealed.
 */
#ifndef LOGIN_PERSON_H
#define LOGIN_PERSON_H

#include "base/json.h"
#include "token/token.h"

/* One object; what is empty is left out. */
void person_put(struct json_writer *writer, const struct person *person);
/* Views into the text that was parsed. FAULT_LOST when it is no person. */
FALLIBLE person_take(const struct json *object, struct person *ret_person);

#endif
