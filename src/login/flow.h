/*
 * flow: one person's sign-in between two requests, kept in a sealed cookie of their own browser.
 *
 * Owns      what the client asked for (goal), how far it got (stage), who signed in.
 * Promises  nothing is kept here for whoever only begins; a stage has a fresh random id, its cookie and its form's token; it
 *           lives FLOW_LIFE_S and, where it stands for a credential, is good once. A flow without its cookie is nothing.
 * Start at  flow_begin(), flow_load(), flow_spend().
 */
#ifndef LOGIN_FLOW_H
#define LOGIN_FLOW_H

#include "login/code.h"
#include "login/shown.h"
#include "service/people.h"

#define FLOW_LIFE_S 600
#define FLOW_LONGEST_S 3600 /* all stages together */
#define FLOW_COOKIE_PREFIX "__Host-reeve-"
#define FLOWS_MAX 8 /* of one browser; older ones go */

/* Where it ends. */
enum ending {
	END_REDIRECT = 1, /* a token for a program on this machine, or for a configured origin */
	END_HEADLESS,     /* a login token for a program elsewhere that holds a private key */
	END_CODE,         /* an authorization code */
	END_DEVICE,       /* the consent to a device's code */
	END_INVITE,       /* an invitation accepted */
	END_TRY,          /* what a provider says, shown; nothing else */
};

/* What was asked for. */
struct goal {
	int64_t ending; /* enum ending */
	slice client_id, redirect, audience, identity, invite, screen_hint, headless_code, user_code;
	slice scopes; /* JSON array of strings; "" = none */
	bool skip_registration, wants_refresh;
	struct authorize code; /* END_CODE */
};

enum stage {
	STAGE_CHOOSE = 1,
	STAGE_UPSTREAM, /* at a provider */
	STAGE_CONFIRM,  /* signed in, to be asked */
	STAGE_ACTIVATE, /* signed in, to type a device's code */
	STAGE_PASSWORD, /* came by a one-time link */
};

/* Where the browser was sent to sign in; what comes back must fit. */
struct upstream_state {
	slice connection; /* name, or the provider's UIDP text */
	slice issuer, token_url, verifier, nonce;
	bool is_provider, sends_issuer, by_post; /* by_post: the client secret goes into the form */
};

struct flow {
	int64_t stage; /* enum stage */
	slice id;      /* names its cookie */
	slice token;   /* of its forms */
	slice parent;  /* the stage it came from: its cookie goes when this one is left */
	int64_t began_s, stage_s;
	struct goal goal;
	struct upstream_state upstream;
	struct person person;
	slice confined_to; /* text of person.confined_to */
	slice link;        /* STAGE_PASSWORD: the link's secret */
	bool by_password;  /* typed here in this pass */
};

/* A fresh id and token for flow->stage; its cookie goes into the answer. */
FALLIBLE flow_begin(struct call *call, struct flow *flow, Reeve__V1__Page *out);
/* The flow of this id in this browser, at this stage and in time. INVALID_ARGUMENT otherwise. */
FALLIBLE flow_load(struct call *call, slice id, enum stage stage, struct flow *ret_flow);
/* The same for a form that was sent: its token fits and it comes from a page of ours. */
FALLIBLE flow_load_form(struct call *call, slice id, slice token, enum stage stage, struct flow *ret_flow);
/* Good once: FAILED_PRECONDITION the second time. Its cookie and its parent's go. */
FALLIBLE flow_spend(struct call *call, const struct flow *flow, Reeve__V1__Page *out);
/* Refuses what another site sent. */
FALLIBLE flow_same_site(struct call *call);

/* The form in the cookie, before sealing; for flow.c and the fuzzer. */
FALLIBLE flow_encode(const struct flow *flow, struct buffer *out);
FALLIBLE flow_decode(struct arena *arena, slice text, struct flow *ret_flow);

#endif
