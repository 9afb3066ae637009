/*
 * write_capabilities: capabilities.def, the table that model/caps.h includes.
 */
#include "contract.h"

void write_capabilities(const struct contract *contract, struct buffer *out)
{
	buffer_text(out, "/*\n * Made from api/capabilities.proto and api/reeve/v1/capabilities.proto, sorted by number.\n *\n"
			 " * CAPABILITY(symbol, number, \"name\", bit, is_deprecated, is_internal, is_own)\n */\n");
	for (size_t i = 0; i < contract->capabilities_count; i++) {
		const struct gen_capability *c = &contract->capabilities[i];

		buffer_printf(out, "CAPABILITY(%s, %d, \"%s\", %d, %s, %s, %s)\n", c->symbol, c->number, c->name, c->bit,
			      c->is_deprecated ? "true" : "false", c->is_internal ? "true" : "false",
			      c->is_own ? "true" : "false");
	}
}
