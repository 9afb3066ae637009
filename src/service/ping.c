/*
 * ping: is anybody there?
 */
#include "handlers.gen.h"
#include "ping/v1/ping.pb-c.h"
#include "ping/v2/ping.pb-c.h"
#include "service/support.h"

status v1_ping_ping(struct call *call, const Chainguard__Platform__Ping__PingRequest *in,
		    Chainguard__Platform__Ping__Response *out)
{
	(void)in;
	return put_text(call, SLICE("pong"), &out->response);
}

status ping_ping(struct call *call, const Chainguard__Platform__Ping__V2__PingRequest *in,
		 Chainguard__Platform__Ping__V2__PingResponse *out)
{
	(void)in;
	return put_text(call, SLICE("pong"), &out->response);
}
