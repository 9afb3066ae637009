/*
 * orgcheck: /orgcheck answers true or false and nothing around it, as older clients read it (spec tokens.md 5).
 */
#ifndef LOGIN_ORGCHECK_H
#define LOGIN_ORGCHECK_H

#include "rpc/rpc.h"

void orgcheck_speak(struct rpc *rpc);

#endif
