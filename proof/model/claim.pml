/*
 * The protocol of lib/core as a model for Spin: one record, a store with conditional writes, a network that loses or
 * delays requests and loses answers, calls that crash, and a clock that may move at any step.
 * docs/proof.md explains how to read this file; `npm run model` runs it.
 *
 * `record`, `claim`, `take over`, `renew`, `complete`, `release`, `abandon` mean the same as in docs/protocol.md, and the
 * answers of a question the same as in docs/effects.md. Names that begin with `g_` are ghosts: the model writes them to
 * check itself, and the protocol never reads them. Only the downstream reads what it knows of its keys.
 * BUG_... leaves one safeguard out. `npm run model` finds each, and prints the shortest way to its harm.
 */

/* ---- the size of the world: set each with -D ------------------------------------------------------------------- */

#ifndef CALLS
#define CALLS 2 /* concurrent calls, each may retry; one more comes at the end, after all faults have stopped */
#endif
#ifndef RETRIES
#define RETRIES 0 /* how often a caller calls again in the same invocation */
#endif
#ifndef FAULTS
#define FAULTS 2 /* lost requests, lost answers and late requests, all together */
#endif
#ifndef LATE
#define LATE 1 /* requests that the network may hold back at the same time */
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef FAILURES
#define FAILURES 1 /* handlers that answer 4xx, or throw */
#endif
#ifndef TICKS
#define TICKS 2 /* steps of the clock */
#endif
#ifndef LEASE
#define LEASE 1 /* in steps of the clock */
#endif
#ifndef RENEWALS
#define RENEWALS 0
#endif
#ifndef EXPIRIES
#define EXPIRIES 0 /* ends of a retention, and sweeps of TTL */
#endif
#ifndef SENDS
#define SENDS 2 /* sends of one request before its fate counts as unknown */
#endif
#ifndef TAKE_OVERS
#define TAKE_OVERS 2 /* take-overs in one call; lib/core stops after four */
#endif
#ifndef PAYLOADS
#define PAYLOADS 2
#endif
#ifdef HOLD
#define HELD true
#else
#define HELD false
#endif
#ifdef ASK /* a reconcile function is asked about an abandoned record */
#define ASKS true
#else
#define ASKS false
#endif

#ifdef OVERRIDE /* persons let another payload use the key, once */
#define OVERRIDES true
#else
#define OVERRIDES false
#endif

#ifdef STEPS /* the handler charges in one step and mails in the next; each result is kept in the record */
#ifdef STOP /* the charge must not run twice: it is marked before it runs */
#define STOPS true
#else
#define STOPS false
#endif
#else
#define STOPS false
#endif
/* With STEPS and PARALLEL, the handler calls both steps at the same time: one may run while the other's result is sent. */

#ifdef COMMIT /* the handler writes an order and its answer in one transaction, if an item is in stock; RETRIES is 0 */
#define COMMITS true
#ifndef TRANSACTIONS
#define TRANSACTIONS 2 /* of one run: after a refusal it may try another */
#endif
#ifndef CHANGES
#define CHANGES 1 /* of the stock, by other customers */
#endif
#else
#define COMMITS false
#endif
#ifdef ONE_SHOT /* with COMMIT: B, and perhaps A, write order and settled record without a claim */
#define ONE_SHOTS true
#else
#define ONE_SHOTS false
#endif

#define TOKENS ((RETRIES + 1) * (TAKE_OVERS + 2)) /* claims that one caller can ask for */
#define LAST_TOKEN ((CALLS + 1) * TOKENS)
#define TOKEN_OF_A_PERSON (LAST_TOKEN + 1 + acts)
#define MINTED(who, nth) (1 + (who) * TOKENS + (nth))
#define OWNER(t) ('A' + ((t) - 1) / TOKENS)
#define NTH(t) (1 + ((t) - 1) % TOKENS)
#define ANSWERER(v) (((v) - 1) / (RETRIES + 1) % (CALLS + 1))

mtype = { ABSENT, IN_PROGRESS, SETTLED, RELEASED }; /* status of the record */
mtype = { claim, take_over, renewal, next_generation, completion, release, abandonment }; /* kinds of request */
mtype = { CLAIMED, TAKE_OVER, GONE, REPLAY, CONFLICT, MISMATCH, HELD_BACK, DONE, UNSTORED, UNKNOWN }; /* answers */
mtype = { commit, one_shot, fenced_abandonment }; /* requests of a transaction, and after one */
mtype = { checkpoint, mark }; /* requests of a step */
mtype = { COMMITTED, REFUSED }; /* answers to a transaction; REFUSED: a condition of the user does not hold */
mtype = { HAPPENED, RERUN, NOT_DONE, UNDECIDED }; /* answers to a question: done, rerun, notDone, unknown */

/* ---- the record ------------------------------------------------------------------------------------------------ */

mtype status = ABSENT;
byte token, revision, attempt, generation, payload, outcome;
byte lease;   /* end of the lease; 0: abandoned by its owner */
bool expired; /* settled or released, past its retention, not swept yet */
byte override; /* the other payload that may use the key; 0: none */
bool approved; /* the override, by a second person */

/* ---- the world ------------------------------------------------------------------------------------------------- */

byte now = 1; /* one clock for the store and all hosts, unless WRONG_CLOCKS is set */
byte faults = FAULTS, crashes = CRASHES, failures = FAILURES, ticks = TICKS, renewals = RENEWALS, expiries = EXPIRIES;
byte ended; /* calls that are over */
byte acts;  /* of persons */
bool isProposed; /* there is one proposal in each world */

/* request, claim token, the token and revision that a take-over compares, payload, attempt, generation, lease, answer */
#ifdef STEPS
#define CHARGE 1 /* its result is kept */
#define MAIL 2
#define RESULTS (CHARGE | MAIL)
#define MARK 4 /* the charge may have begun, and its result is not kept */
byte steps;    /* of the record */
byte g_kept;   /* results that the record has had in this generation */
byte g_ran;    /* steps that ran in this generation, and the mark once it was written */
#define RESET_STEPS g_kept = 0; g_ran = 0
#define NO_STEPS steps = 0
#ifdef BUG_TAKE_OVER_DROPS_STEPS
#define CARRY_STEPS val = 0
#else
#define CARRY_STEPS val = steps
#endif
#ifdef BUG_NEW_GENERATION_KEEPS_STEPS
#define BEGIN_WITHOUT_STEPS val = steps
#else
#define BEGIN_WITHOUT_STEPS val = 0
#endif
#ifdef BUG_DEFER_DROPS_STEPS
#define DEFERRED 8
#define DEFER_STEPS val = DEFERRED
#else
#define DEFER_STEPS skip
#endif
#ifdef BUG_NEXT_GENERATION_KEEPS_STEPS
#define NEXT_WITHOUT_STEPS skip
#else
#define NEXT_WITHOUT_STEPS NO_STEPS
#endif
#ifdef BUG_NEXT_GENERATION_SKIPS_STEPS
#define FORGET_STEPS skip
#else
#define FORGET_STEPS known = 0
#endif
#define TAKE_STEPS \
  known = val; unsaved = 0; val = 0; \
  MUST(!IS_MINE(tk) || (known & g_ran) == known, "H16: a step is taken as begun, and it did not run in its generation\n")
#ifdef BUG_RERUN_DROPS_STEPS
#define GO_ON_WITH_STEPS known = 0
#else
#define GO_ON_WITH_STEPS skip
#endif
#else
#define RESET_STEPS skip
#define NO_STEPS skip
#define CARRY_STEPS skip
#define BEGIN_WITHOUT_STEPS skip
#define NEXT_WITHOUT_STEPS skip
#define FORGET_STEPS skip
#define GO_ON_WITH_STEPS skip
#define DEFER_STEPS skip
#endif

#ifdef COMMIT
bool inStock = true; /* the user's condition of a commit, which takes the item */
byte changes = CHANGES;
byte g_order;            /* the answer that was committed with the order of this incarnation; 0: no order */
bool g_told[CALLS + 1];  /* its caller has an answer that no commit of this call may contradict */
#define ANSWERS (3 * (CALLS + 1) * (RETRIES + 1)) /* committed by the first or second transaction, or the handler's own */
#define IS_COMMITTED(v) ((v) <= 2 * (ANSWERS / 3))
#define RESET_ORDER g_order = 0
#else
#define ANSWERS ((CALLS + 1) * (RETRIES + 1))
#define RESET_ORDER skip
#endif

chan late = [LATE] of { mtype, byte, byte, byte, byte, byte, byte, byte, byte };

/* ---- ghosts ---------------------------------------------------------------------------------------------------- */

byte g_incarnation;             /* counts claims on an absent or expired record */
byte g_completed;               /* the answer that this incarnation stored; 0: none */
byte g_runs;                    /* runs of all calls */
bool g_effect;                  /* an effect happened in this generation */
byte g_effectKey;               /* the downstream key of this incarnation's effect; 0: it did not happen */
byte g_cancelled;               /* the downstream executes nothing under the keys of this generation and those before */
bool g_open;                    /* a run has begun, and neither its completion nor its release is stored */
byte g_key, g_keyGeneration, g_keyPayload; /* downstream key of the latest run, with its generation and payload */
bool g_crashed, g_failed, g_gaveUp;
bool g_allowed;                 /* an approval has not been used */
byte g_running[CALLS + 1];      /* token of the running handler, or of the open question; 0: none */
byte g_runningUntil[CALLS + 1]; /* the stored end of its lease */
byte g_runsIn[CALLS + 1];       /* the incarnation of its claim */
byte g_payloadOf[CALLS + 1];
bool g_stored[ANSWERS + 1];     /* by answer */
bool g_applied[LAST_TOKEN + 1]; /* this claim was written */
bool g_over[LAST_TOKEN + 1];    /* its owner has finished with it */
bool g_abandoned[LAST_TOKEN + 1];

/* Scratch variables, 0 between steps. */
bool h_written;
byte h_i;

#define MUST(condition, text) if :: condition :: else -> printf("BROKEN "); printf(text); assert(false) fi

/* If clocks differ by more than the skew, two runs may overlap, but the stored outcome must still hold. */
#ifdef WRONG_CLOCKS
#define MUST_IN_TIME(condition, text) skip
#else
#define MUST_IN_TIME(condition, text) MUST(condition, text)
#endif

/* ---- the conditions of the writes ------------------------------------------------------------------------------ */

#define IS_LAPSED (now >= lease)

#ifdef BUG_TAKE_OVER_WITHOUT_COMPARING
#define IS_SEEN(t, r) (true)
#elif defined(BUG_TAKE_OVER_IGNORES_REVISION)
#define IS_SEEN(t, r) (status != ABSENT && token == t)
#else
#define IS_SEEN(t, r) (status != ABSENT && token == t && revision == r)
#endif

#define IS_MINE(t) (status == IN_PROGRESS && token == t)

#ifdef BUG_FENCE_IGNORES_STATUS
#define MAY_SETTLE(t) (status != ABSENT && token == t)
#else
#define MAY_SETTLE(t) IS_MINE(t)
#endif
#ifdef BUG_COMPLETE_UNFENCED
#define MAY_COMPLETE(t) (status != ABSENT)
#else
#define MAY_COMPLETE(t) MAY_SETTLE(t)
#endif
#ifdef BUG_RELEASE_UNFENCED
#define MAY_RELEASE(t) (status != ABSENT)
#else
#define MAY_RELEASE(t) MAY_SETTLE(t)
#endif
#ifdef BUG_RENEWAL_MOVES_BACK
#define MAY_RENEW(t, l) (IS_MINE(t) && lease != 0)
#else
#define MAY_RENEW(t, l) (IS_MINE(t) && lease != 0 && lease < l)
#endif
#ifdef BUG_GENERATION_WITHOUT_COMPARING
#define MAY_BEGIN(t, seen) (IS_MINE(t) && lease != 0)
#elif defined(BUG_GENERATION_AFTER_AN_ABANDON)
#define MAY_BEGIN(t, seen) (IS_MINE(t) && generation == seen)
#else
#define MAY_BEGIN(t, seen) (IS_MINE(t) && generation == seen && lease != 0)
#endif
#ifdef BUG_ABANDON_MOVES_THE_LEASE
#define NO_LEASE now
#else
#define NO_LEASE 0
#endif

#ifdef BUG_OVERRIDE_OVER_A_LIVE_LEASE
#define HAS_NO_OWNER true
#else
#define HAS_NO_OWNER (status != IN_PROGRESS || lease == 0 || IS_LAPSED)
#endif
#ifdef BUG_OVERRIDE_FOR_ANY_PAYLOAD
#define IS_OVERRIDDEN_FOR(p) (override != 0 && approved && HAS_NO_OWNER)
#elif defined(BUG_PROPOSAL_COUNTS)
#define IS_OVERRIDDEN_FOR(p) (override == p && HAS_NO_OWNER)
#else
#define IS_OVERRIDDEN_FOR(p) (override == p && approved && HAS_NO_OWNER)
#endif
#ifdef BUG_OVERRIDE_NOT_CONSUMED
#define CONSUME skip
#else
#define CONSUME override = 0; approved = false
#endif

#ifdef STEPS
#ifdef BUG_CHECKPOINT_WITHOUT_THE_TOKEN
#define MAY_KEEP(t) (status == IN_PROGRESS)
#else
#define MAY_KEEP(t) IS_MINE(t)
#endif
#ifdef BUG_CHECKPOINT_OF_THE_WHOLE_MAP
#define KEEP(v) steps = v
#else
#define KEEP(v) ADD_STEPS(v)
#endif
#define ADD_STEPS(v) steps = (steps | v) & ((v & CHARGE) != 0 -> RESULTS : RESULTS | MARK) /* a result replaces the mark */
#ifdef BUG_MARK_AFTER_AN_ABANDON
#define MAY_MARK(t) (IS_MINE(t) && (steps & (CHARGE | MARK)) == 0)
#elif defined(BUG_MARK_REPLACES_A_RESULT)
#define MAY_MARK(t) (IS_MINE(t) && lease != 0)
#else
#define MAY_MARK(t) (IS_MINE(t) && lease != 0 && (steps & (CHARGE | MARK)) == 0)
#endif
#endif

#ifdef COMMIT
#ifdef BUG_COMMIT_WITHOUT_THE_RECORD
#define MAY_COMMIT(t) (status != ABSENT)
#elif defined(BUG_COMMIT_IGNORES_STATUS)
#define MAY_COMMIT(t) (status != ABSENT && token == t)
#else
#define MAY_COMMIT(t) IS_MINE(t)
#endif
#ifdef BUG_ONE_SHOT_WITHOUT_THE_RECORD
#define MAY_PUT(t, r) true
#else
#define MAY_PUT(t, r) (t == 0 && status == ABSENT || t != 0 && IS_SEEN(t, r))
#endif

/* The request token: while DynamoDB remembers it, it answers a second send of a commit as the first. */
#define IS_REMEMBERED(v) (g_order == v)

inline makeOrder(v) {
  MUST(g_order == 0, "H1: a second order for one record\n");
  MUST(!g_told[ANSWERER(v)], "H17: a caller has got a refusal or another answer, and then its request commits\n");
  g_order = v; inStock = false;
  status = SETTLED; lease = 0; outcome = v; g_completed = v; g_stored[v] = true; g_open = false
}

/* The order is there if, and only if, the record is settled with the answer that was committed with it. */
#define MUST_AGREE \
  MUST(g_order == (status == SETTLED && IS_COMMITTED(outcome) -> outcome : 0), "I23: the order and the settled record do not agree\n")
#else
#define MUST_AGREE skip
#endif

/* ---- the store: one atomic step for each request --------------------------------------------------------------- */

inline put(t, r, p, at, ge, le) {
  if
  :: status == ABSENT || expired ->
     g_incarnation++; g_completed = 0; g_effect = false; g_effectKey = 0; g_cancelled = 0;
     g_key = 0; g_keyGeneration = 0; g_keyPayload = 0; RESET_ORDER; RESET_STEPS
  :: else ->
     if
     :: OVERRIDES && status != RELEASED && payload != p ->
        MUST(override == p && approved, "O1: another payload takes the key, and no approved override is for it\n");
        MUST(g_allowed, "O1: an approval is used a second time\n");
        g_allowed = false; g_open = false;
        g_incarnation++; g_completed = 0; g_effect = false; g_effectKey = 0; g_cancelled = 0;
        g_key = 0; g_keyGeneration = 0; g_keyPayload = 0
     :: else -> MUST(status != SETTLED, "H2: a settled record is overwritten\n")
     fi;
     MUST_IN_TIME(status != IN_PROGRESS || IS_LAPSED, "H10: a claim that is neither released, abandoned nor lapsed is taken over\n");
     if
     :: ge != generation -> g_effect = false; RESET_STEPS
     :: else
     fi
  fi;
  /* A sender that thaws a day later may send its claim again after TTL swept the record: that claim has lapsed already. */
  MUST(!(g_applied[t] && g_over[t]) || le <= now && !HELD, "A5: a claim that is over comes back, and no call holds it\n");
  g_gaveUp = g_gaveUp || g_over[t]; /* too late for its sender: no call holds it, and it blocks until its lease ends (A13) */
  g_applied[t] = true;
  status = IN_PROGRESS; token = t; revision = r; payload = p; attempt = at; generation = ge; lease = le;
  outcome = 0; expired = false; CONSUME; h_written = true;
  MUST(override == 0, "O1: a claim leaves the override in the record, for a second use\n")
}

inline ownersWrite() {
  MUST(status != SETTLED || expired, "H2: a settled record changes\n");
  revision++; h_written = true
}

#define MUST_NOT_RUN(text) \
  for (h_i : 0 .. CALLS) { MUST(g_running[h_i] == 0 || g_running[h_i] != token, text) } \
  h_i = 0

inline write(op, t, st, sr, p, at, ge, le, v) {
  h_written = false;
  if
  :: op == claim && status == ABSENT -> put(t, 1, p, at, ge, le)
  :: op == take_over && IS_SEEN(st, sr) ->
     put(t, sr + 1, p, at, ge, le);
#ifdef STEPS
     steps = v
#endif
  :: op == renewal && MAY_RENEW(t, le) ->
     MUST(le >= lease, "H9: a renewal moves the lease back\n");
     MUST(!g_abandoned[t], "H9: a late renewal brings back the lease of an abandoned record\n");
     ownersWrite(); lease = le;
     for (h_i : 0 .. CALLS) {
       if
       :: g_running[h_i] == t -> g_runningUntil[h_i] = le
       :: else
       fi
     }
     h_i = 0
  :: op == next_generation && MAY_BEGIN(t, ge) ->
     MUST(generation != at, "I4: a duplicate begins its generation again\n");
     MUST(!g_abandoned[t], "I4: a late next generation changes an abandoned record\n");
     ownersWrite(); generation = at; NEXT_WITHOUT_STEPS; RESET_STEPS
  :: op == completion && MAY_COMPLETE(t) ->
     MUST(g_effectKey != 0 || COMMITS, "I2: an outcome is stored, and its effect has not happened\n");
     ownersWrite();
     MUST(g_completed == 0, "H1: a second completion in one incarnation\n");
     MUST(token == t, "H1: a completion over another call's claim\n");
#ifdef STEPS
     MUST((g_ran & RESULTS) == RESULTS, "H16: an outcome is stored, and a step has not run in its generation\n");
#endif
     NO_STEPS;
     status = SETTLED; lease = 0; outcome = v; g_completed = v; g_stored[v] = true; g_open = false
  :: op == release && MAY_RELEASE(t) ->
     MUST(token == t, "H5: a claim is released by another call\n");
     MUST_NOT_RUN("H5, I1: a claim is released while its handler runs or its question is open\n");
     MUST(!g_effect, "H5: a claim is released although its effect, or a predecessor's, has happened\n");
     ownersWrite();
     g_open = false; lease = 0;
#ifdef BUG_RELEASE_DELETES
     status = ABSENT; token = 0; revision = 0; attempt = 0; generation = 0; payload = 0
#else
     status = RELEASED;
#ifndef BUG_NEW_GENERATION_KEEPS_STEPS
     NO_STEPS
#endif
#endif
  :: op == abandonment && MAY_SETTLE(t) && lease != 0 ->
     MUST_NOT_RUN("H5, I1: a claim is abandoned while its handler runs or its question is open\n");
     ownersWrite(); lease = NO_LEASE; g_abandoned[t] = true;
#ifdef STEPS
#ifdef BUG_DEFER_DROPS_STEPS
     if
     :: v == DEFERRED -> NO_STEPS
     :: else -> ADD_STEPS(v); g_kept = g_kept | v
     fi
#else
     ADD_STEPS(v); g_kept = g_kept | v
#endif
  :: op == checkpoint && MAY_KEEP(t) ->
     MUST(token == t, "I13: a checkpoint changes another call's claim\n");
     ownersWrite(); KEEP(v);
     MUST((steps & g_kept) == g_kept, "I13: a checkpoint drops a result that was kept\n");
     g_kept = g_kept | (v & RESULTS)
  :: op == mark && MAY_MARK(t) ->
     MUST(!g_abandoned[t], "I21: a late mark changes an abandoned record\n");
     ownersWrite(); steps = (steps & MAIL) | MARK; g_ran = g_ran | MARK;
     MUST((steps & g_kept) == g_kept, "I21: a late mark replaces a result\n")
#endif
#ifdef COMMIT
  :: op == fenced_abandonment && MAY_SETTLE(t) && lease != 0 ->
     MUST_NOT_RUN("H5, I1: a claim is abandoned while its handler runs or its question is open\n");
     ownersWrite(); lease = 0; g_abandoned[t] = true; token = st
  :: op == commit && MAY_COMMIT(t) && inStock ->
     MUST(token == t, "H1: a commit over another call's claim\n");
     ownersWrite(); makeOrder(v)
  :: op == one_shot && MAY_PUT(st, sr) && inStock -> put(t, sr + 1, p, at, ge, le); makeOrder(v)
  :: (op == commit || op == one_shot) && IS_REMEMBERED(v) -> h_written = true
  :: (op == commit && !MAY_COMMIT(t) || op == one_shot && !MAY_PUT(st, sr)) && IS_REMEMBERED(v) ->
     skip /* it is no longer remembered, so the record's condition refuses it */
#endif
  :: else
  fi;
  MUST_AGREE
}

/* ---- the verdict of a refused request, from the record in the refusal ------------------------------------------ */

inline judge() {
  if
  :: status == ABSENT -> verdict = GONE
#ifndef BUG_NO_SELF_RECOGNITION_ON_CLAIM
  :: IS_MINE(tk) -> verdict = CLAIMED; printf("%c: the claim is its own, from an earlier send\n", 'A' + me)
#endif
  :: else ->
     if
     :: status != IN_PROGRESS && expired -> verdict = TAKE_OVER; at = 1; ge = 1
     :: status == RELEASED && !expired -> verdict = TAKE_OVER; at = attempt + 1; ge = at; BEGIN_WITHOUT_STEPS
     :: status == SETTLED && !expired && payload == fp -> verdict = REPLAY; val = outcome
     :: status == IN_PROGRESS && payload == fp && lease != 0 && !IS_LAPSED -> verdict = CONFLICT
     :: status == IN_PROGRESS && payload == fp && (lease == 0 || IS_LAPSED) && HELD -> verdict = HELD_BACK
     :: status == IN_PROGRESS && payload == fp && (lease == 0 || IS_LAPSED) && !HELD ->
        verdict = TAKE_OVER; at = attempt + 1; ge = generation; CARRY_STEPS
#ifdef WRONG_CLOCKS
     :: status == IN_PROGRESS && payload == fp && lease != 0 && !IS_LAPSED && !HELD && !last ->
        printf("%c: the lease has lapsed by its clock\n", 'A' + me);
        verdict = TAKE_OVER; at = attempt + 1; ge = generation
#endif
     :: (status == IN_PROGRESS || status == SETTLED && !expired) && payload != fp && IS_OVERRIDDEN_FOR(fp) ->
        verdict = TAKE_OVER; at = attempt + 1; ge = at
     :: (status == IN_PROGRESS || status == SETTLED && !expired) && payload != fp && !IS_OVERRIDDEN_FOR(fp) ->
        verdict = MISMATCH
     fi;
     seenT = token; seenR = revision
  fi
}

inline tellJudged() {
  if
  :: verdict == CLAIMED
  :: verdict == GONE -> printf("%c: the record no longer exists\n", 'A' + me)
  :: verdict == TAKE_OVER && status == SETTLED && !expired ->
     printf("%c finds an override for its payload: the record may be taken over\n", 'A' + me)
  :: verdict == TAKE_OVER && status == IN_PROGRESS && override != 0 ->
     printf("%c finds a record in progress with an override: it may be taken over\n", 'A' + me)
  :: verdict == TAKE_OVER && status == IN_PROGRESS && override == 0 ->
     printf("%c finds claim %c%d abandoned: it may be taken over\n", 'A' + me, OWNER(token), NTH(token))
  :: verdict == TAKE_OVER && status != IN_PROGRESS && expired ->
     printf("%c finds the record expired: it may be claimed again\n", 'A' + me)
  :: verdict == TAKE_OVER && status == RELEASED && !expired ->
     printf("%c finds the record released: it may be claimed again\n", 'A' + me)
  :: verdict == REPLAY -> printf("%c finds the answer of %c\n", 'A' + me, 'A' + ANSWERER(val))
  :: verdict == CONFLICT -> printf("%c finds claim %c%d alive: a conflict\n", 'A' + me, OWNER(token), NTH(token))
  :: verdict == MISMATCH -> printf("%c finds another payload: a mismatch\n", 'A' + me)
  :: verdict == HELD_BACK -> printf("%c finds claim %c%d abandoned: held\n", 'A' + me, OWNER(token), NTH(token))
  fi
}

/* A claim with transactions may be settled with another outcome than the one of this request. */
#ifdef BUG_ANY_OUTCOME_OF_ITS_OWN
#define IS_THIS_OUTCOME true
#else
#define IS_THIS_OUTCOME (outcome == val)
#endif

inline recognise() { /* a refused write of the owner: either its own earlier send was applied, or its claim is lost */
  if
  :: op == renewal ->
#ifdef BUG_NO_SELF_RECOGNITION_ON_RENEW
     MUST(!(IS_MINE(tk) && lease >= le), "A4: a renewal that was applied is taken for a loss\n");
#endif
     verdict = (IS_MINE(tk) && lease >= le -> DONE : CONFLICT)
#ifndef BUG_NO_SELF_RECOGNITION_ON_COMPLETE
  :: op == completion && status == SETTLED && token == tk && IS_THIS_OUTCOME -> verdict = DONE
#else
  :: op == completion && status == SETTLED && token == tk && IS_THIS_OUTCOME -> MUST(false, "A4: a completion that was applied is taken for a loss\n")
#endif
  :: op == next_generation && IS_MINE(tk) && generation == at -> verdict = DONE
  :: op == release && status == RELEASED && token == tk -> verdict = DONE
#ifdef STEPS
  :: op == checkpoint && IS_MINE(tk) -> verdict = DONE
  :: op == mark && IS_MINE(tk) && (steps & MARK) != 0 -> verdict = DONE
  :: op == mark && IS_MINE(tk) && (steps & MARK) == 0 -> verdict = UNKNOWN
#endif
  :: op == abandonment && IS_MINE(tk) && lease == 0 -> verdict = DONE
#ifdef COMMIT
#ifndef BUG_COMMIT_UNRECOGNISED
  :: op == commit && status == SETTLED && token == tk && IS_THIS_OUTCOME -> verdict = COMMITTED
#else
  :: op == commit && status == SETTLED && token == tk && IS_THIS_OUTCOME -> MUST(false, "A4: a commit that was applied is taken for a refusal\n")
#endif
  :: op == commit && IS_MINE(tk) ->
     verdict = REFUSED; needsFence = needsFence || sends > 1; printf("%c: refused, nothing is in stock\n", 'A' + me)
  :: op == fenced_abandonment && IS_MINE(seenT) && lease == 0 -> verdict = DONE
#endif
  :: else -> /* lost: the record that replaced it decides the answer */
     if
     :: status == ABSENT -> verdict = UNSTORED
#ifdef BUG_LOST_OWNER_ANSWERS_ANOTHER_PAYLOAD
     :: status == SETTLED -> verdict = REPLAY; val = outcome
#else
     :: status == SETTLED && payload == fp -> verdict = REPLAY; val = outcome
     :: status == SETTLED && payload != fp -> verdict = CONFLICT
#endif
     :: status == IN_PROGRESS || status == RELEASED -> verdict = CONFLICT
     fi;
     printf("%c: its claim is lost\n", 'A' + me)
  fi
}

#ifdef ONE_SHOT
inline meet() { /* what a refused one-shot write finds */
  needsFence = needsFence || sends > 1;
  if
  :: status == SETTLED && token == tk -> verdict = COMMITTED; val = outcome
  :: !(status == SETTLED && token == tk) && MAY_PUT(seenT, seenR) ->
     verdict = REFUSED; printf("%c: refused, nothing is in stock\n", 'A' + me)
  :: else -> judge(); tellJudged()
  fi
}
#endif

inline learn() {
  if
#ifdef COMMIT
  :: h_written && (op == commit || op == one_shot) -> verdict = COMMITTED
#endif
#ifdef ONE_SHOT
  :: !h_written && op == one_shot -> meet()
#endif
  :: h_written && (op == claim || op == take_over) -> verdict = CLAIMED
  :: h_written && op != claim && op != take_over && op != commit && op != one_shot -> verdict = DONE
  :: !h_written && (op == claim || op == take_over) -> judge(); tellJudged(); g_over[tk] = (verdict != CLAIMED)
  :: !h_written && op != claim && op != take_over && op != one_shot -> recognise()
  fi
}

inline mint() {
  g_over[tk] = (tk != 0);
#ifdef BUG_REQUEST_ID_AS_TOKEN
  tk = (me < CALLS -> MINTED(0, 0) : MINTED(me, 0)); /* the platform retries the request under the same id */
#elif defined(BUG_TOKEN_PER_INVOCATION)
  tk = MINTED(me, 0);
#else
  tk = MINTED(me, minted); minted++;
#endif
  g_over[tk] = false
}

/* ---- the handler ----------------------------------------------------------------------------------------------- */

#ifdef BUG_DOWNSTREAM_KEY_WITHOUT_GENERATION
#define DOWNSTREAM_KEY fp
#else
#define DOWNSTREAM_KEY (fp + ge * PAYLOADS)
#endif

#define MUST_BE_ALONE(text) \
  for (h_i : 0 .. CALLS) { MUST_IN_TIME(g_running[h_i] == 0 || now >= g_runningUntil[h_i], text) } \
  h_i = 0

inline beginRun() {
  printf("%c's handler starts\n", 'A' + me);
  MUST(g_applied[tk], "H4: a handler starts without a claim\n");
  MUST_IN_TIME(now < le, "B8: a handler starts under a lease that has lapsed\n");
  MUST_BE_ALONE("H5: two runs overlap under a live lease\n");
  MUST(!HELD || !g_open, "H4: a second run under hold, and the first was not released\n");
  if
  :: IS_MINE(tk) ->
     MUST(g_keyGeneration != ge || g_keyPayload == fp && g_key == DOWNSTREAM_KEY, "H14: two runs of one generation with different payloads or downstream keys\n");
     MUST(g_keyGeneration == 0 || g_keyGeneration == ge || g_key != DOWNSTREAM_KEY, "C12: the downstream key of a released run is used again\n");
     g_key = DOWNSTREAM_KEY; g_keyGeneration = ge; g_keyPayload = fp
  :: else /* a zombie from the start: its lease has lapsed, so it is fenced */
  fi;
  g_running[me] = tk; g_runningUntil[me] = le; g_open = true;
  g_runsIn[me] = (IS_MINE(tk) -> g_incarnation : 0);
  g_runs = (g_runs < 3 -> g_runs + 1 : 3)
}

/* A question counts as a run: nothing runs beside it, and its claim does not end before it. */
inline beginQuestion() {
  printf("%c asks about generation %d\n", 'A' + me, ge);
  MUST_BE_ALONE("I1: a question overlaps a run or another question under a live lease\n");
  g_running[me] = tk; g_runningUntil[me] = le; verdict = UNKNOWN
}

inline endRun() { g_running[me] = 0; g_runningUntil[me] = 0; g_runsIn[me] = 0; verdict = UNKNOWN }

/* The downstream executes once under a key. It looks keys up, and can promise to execute nothing under a key any more. */
#define HAS_HAPPENED (g_effectKey == DOWNSTREAM_KEY)
/* `done` speaks for the whole run. */
#if defined(STEPS) && !defined(BUG_DONE_OF_ONE_STEP)
#define IS_ALL_DONE (HAS_HAPPENED && (g_ran & RESULTS) == RESULTS)
#else
#define IS_ALL_DONE HAS_HAPPENED
#endif
#define IS_CANCELLED (ge <= g_cancelled)
#ifdef BUG_NOT_DONE_IS_NO_PROMISE
#define CANCEL skip
#else
#define CANCEL g_cancelled = (ge > g_cancelled -> ge : g_cancelled)
#endif

/* A claim that took over an abandoned record cannot state that nothing was done. */
#ifdef BUG_RELEASE_BY_A_DOUBTFUL_CLAIM
#define RELEASE_OR_ABANDON release
#else
#define RELEASE_OR_ABANDON (at > ge -> abandonment : release)
#endif
#ifdef BUG_RELEASE_ON_THROW
#define AFTER_A_THROW RELEASE_OR_ABANDON
#else
#define AFTER_A_THROW abandonment
#endif

inline haveEffect() {
  if
  :: g_runsIn[me] == g_incarnation ->
     MUST(g_effectKey == 0 || HAS_HAPPENED, "C12: the effect happens again, under another downstream key\n");
     g_effectKey = DOWNSTREAM_KEY; g_effect = (g_effect || ge == generation)
  :: else
  fi
}

#ifdef STEPS
#define IS_OF_THIS_GENERATION (g_runsIn[me] == g_incarnation && ge == generation)
#define MAY_CHARGE (!STOPS || isMarked)
#define IS_CHARGED ((known & CHARGE) != 0)
#define IS_MAILED ((known & MAIL) != 0)

inline beginStep(name) {
  MUST(!IS_OF_THIS_GENERATION || token != tk || (g_kept & name) == 0, "H15: a step runs again although its result was kept\n");
  hasRun = true
}

inline runStep(name) {
  if
  :: name == CHARGE -> printf("%c's step charges\n", 'A' + me); haveEffect()
  :: else -> printf("%c's step mails\n", 'A' + me)
  fi;
  if
  :: IS_OF_THIS_GENERATION ->
     MUST(!STOPS || name != CHARGE || (g_ran & CHARGE) == 0, "I21: a marked step runs a second time in its generation\n");
     g_ran = g_ran | name
  :: else
  fi;
  known = known | name; unsaved = unsaved | name; isKeeping = true
}
#ifdef BUG_CHECKPOINT_OF_THE_WHOLE_MAP
#define SAVED (known & RESULTS)
#else
#define SAVED unsaved
#endif
#ifdef BUG_ANSWER_COUNTS_FOR_ALL
#define STILL_UNSAVED 0
#else
#define STILL_UNSAVED ~val /* a result that came after the write was sent goes into the next one */
#endif
#define COUNTS_AS_KEPT (known & RESULTS & ~unsaved)
#ifdef BUG_RUN_ON_UNKNOWN_MARK
#define RUNS_ON_UNKNOWN_MARK true
#else
#define RUNS_ON_UNKNOWN_MARK false
#endif
#endif

#ifdef PARALLEL
#define IS_TO_BE_CALLED(name) (!hasThrown && (known & name) == 0 && (running & name) == 0)
#define IS_AT_WORK(name) ((running & name) != 0 && (name == MAIL || MAY_CHARGE))
#define END_STEP(name) running = running & (RESULTS - name)
#define SIBLINGS(op) (op == mark -> running & MAIL : running)
/*
 * What a handler does that waits for both steps, and what its steps do: also while a result or a mark is on its way, so
 * they stand in its `transmit` too. A step begins under a live lease, and may have its effect long after it. One of these
 * writes is on its way at a time. That saves writes and guards nothing: each adds what is its own.
 */
#define STEPS_GO_ON(condition) \
  :: atomic { (condition) && IS_TO_BE_CALLED(CHARGE) && (known & MARK) == 0 && now < le -> \
       printf("%c begins to charge\n", 'A' + me); beginStep(CHARGE); running = running | CHARGE } \
  :: atomic { (condition) && IS_TO_BE_CALLED(CHARGE) && (known & MARK) != 0 && now < le -> \
       printf("%c: an earlier attempt may have charged, so the step stops\n", 'A' + me); g_gaveUp = true; hasThrown = true } \
  :: atomic { (condition) && IS_TO_BE_CALLED(MAIL) && now < le -> \
       printf("%c begins to mail\n", 'A' + me); beginStep(MAIL); running = running | MAIL } \
  :: atomic { (condition) && (IS_TO_BE_CALLED(CHARGE) || IS_TO_BE_CALLED(MAIL)) && now >= le -> \
       printf("%c: its lease has lapsed, so no step starts\n", 'A' + me); g_gaveUp = true; hasThrown = true } \
  :: atomic { (condition) && IS_AT_WORK(CHARGE) && !IS_CANCELLED -> runStep(CHARGE); END_STEP(CHARGE) } \
  :: atomic { (condition) && IS_AT_WORK(CHARGE) && IS_CANCELLED -> g_failed = true; hasThrown = true; END_STEP(CHARGE); \
       printf("%c's step throws: the downstream refuses the key\n", 'A' + me) } \
  :: atomic { (condition) && IS_AT_WORK(MAIL) -> runStep(MAIL); END_STEP(MAIL) } \
  :: atomic { (condition) && IS_AT_WORK(CHARGE) && failures > 0 && !last -> failures--; g_failed = true; hasThrown = true; \
       END_STEP(CHARGE); printf("%c's charge throws\n", 'A' + me) } \
  :: atomic { (condition) && IS_AT_WORK(MAIL) && failures > 0 && !last -> failures--; g_failed = true; hasThrown = true; \
       END_STEP(MAIL); printf("%c's mail throws\n", 'A' + me) } \
  :: atomic { (condition) && !hasThrown && failures > 0 && !last -> failures--; g_failed = true; hasThrown = true; \
       printf("%c's handler throws\n", 'A' + me) }
#else
#define STEPS_GO_ON(condition)
#endif

/* ---- the client ------------------------------------------------------------------------------------------------- */

#define CAN_FAULT (faults > 0 && !last)

/* Sends the request `op` until an answer comes, at most SENDS times. */
inline transmit() {
  do
  :: sends == SENDS || verdict != UNKNOWN -> sends = 0; break
  :: else ->
     if
     :: atomic { /* the store applies or refuses it, and the answer arrives or is lost */
          sends++; printf("%c sends %e %c%d\n", 'A' + me, op, OWNER(tk), NTH(tk));
          write(op, tk, seenT, seenR, fp, at, ge, le, val);
          if
          :: true -> learn()
          :: CAN_FAULT -> faults--; printf("%c: the answer is lost\n", 'A' + me)
          fi;
          h_written = false }
     :: atomic { CAN_FAULT -> faults--; sends++;
          printf("%c sends %e %c%d: lost on its way\n", 'A' + me, op, OWNER(tk), NTH(tk)) }
     :: atomic { CAN_FAULT && nfull(late) -> faults--; sends++;
          printf("%c sends %e %c%d: the network keeps it\n", 'A' + me, op, OWNER(tk), NTH(tk));
          late!op, tk, seenT, seenR, fp, at, ge, le, val }
     :: atomic { crashes > 0 && !last -> crashes--; g_crashed = true; printf("%c crashes\n", 'A' + me); goto dead }
     STEPS_GO_ON(op == checkpoint || op == mark)
     fi
  od
}

/* ---- a call ---------------------------------------------------------------------------------------------------- */

#ifdef BUG_GENERATION_UNWRITTEN
#define BEGIN_GENERATION ge = at; FORGET_STEPS; beginRun(); goto handler
#else
#define BEGIN_GENERATION op = next_generation; goto send
#endif
#ifdef BUG_RERUN_BEGINS_A_GENERATION
#define FOLLOW_RERUN endRun(); BEGIN_GENERATION
#else
#define FOLLOW_RERUN GO_ON_WITH_STEPS; endRun(); beginRun(); goto handler
#endif
#ifdef BUG_UNDECIDED_QUESTION_RELEASES
#define DEFER release
#else
#define DEFER abandonment
#endif

#define OTHERS_ENDED (ended == CALLS && empty(late))

#define MY_ANSWER (1 + me * (RETRIES + 1) + calls)
#define ANSWER(text) printf("%c answers: ", 'A' + me); printf(text); g_over[tk] = true

#ifdef COMMIT
#define IS_FENCE isFencing
/* The handler's own answer, which it returns without a commit, has the last third of the numbers. */
#define COMMITTED_BY(nth) (MY_ANSWER + (nth - 1) * (ANSWERS / 3))
#define MY_OWN_ANSWER (MY_ANSWER + 2 * (ANSWERS / 3))

/* An answer of the handler, which says that its request has not committed and will not. */
#define TELL(text) \
  MUST(g_order == 0 || ANSWERER(g_order) != me, "H17: a caller gets a refusal or another answer, and its request has committed\n"); \
  g_told[me] = true; ANSWER(text)

#ifdef BUG_REFUSAL_WITHOUT_A_FENCE
#define ABANDON op = abandonment
#else
#define ABANDON \
  if \
  :: needsFence -> op = fenced_abandonment; seenT = MINTED(me, minted) \
  :: else -> op = abandonment \
  fi
#endif
/* A release and a completion fence by their status, and an abandon by a token that no claim has. */
#define FENCE_IF_NEEDED \
  if \
  :: op == abandonment -> ABANDON \
  :: else \
  fi
/* The answer is to the end of a claim whose handler has run. */
#define IS_AFTER_A_COMMIT (!isOneShot && !doubtful && op != claim && op != take_over && op != commit)
#ifdef BUG_REFUSAL_BEFORE_ITS_END_IS_STORED
#define MAY_BE_CONTRADICTED false
#else
#define MAY_BE_CONTRADICTED needsFence
#endif
#ifdef BUG_HANDLER_ANSWERS_AFTER_AN_UNKNOWN_COMMIT
#define MAY_BE_COMMITTED false
#else
#define MAY_BE_COMMITTED isUnknown
#endif
#ifdef BUG_ONE_SHOT_WITHOUT_A_FENCE
#define MUST_FENCE false
#else
#define MUST_FENCE needsFence
#endif
#else
#define IS_FENCE false
#endif

proctype Call(byte me; bool last) {
  byte fp, tk, at, ge, le, seenT, seenR, val, sends, rounds, minted, calls;
  mtype op, verdict;
  bool done, doubtful;
  bool asked; /* its claim ends by the answer to its question */
#ifdef STEPS
  byte known, unsaved; /* steps that it knows as kept or marked, and those that the record does not have */
  bool isMarked, isKeeping, hasRun; /* by its own mark; its step has run and is to be kept; a step has run */
#ifdef PARALLEL
  byte running; /* steps that have begun and have not ended */
  bool hasThrown; /* its handler, or one of its steps: none is called any more */
#endif
#endif
#ifdef COMMIT
  byte transactions;
  bool isUnknown, needsFence; /* a commit may have been applied; a refused one may still be */
  bool isOneShot, isFencing;
#endif

  atomic {
    if
    :: last ->
       now = now + LEASE + 1; printf("the faults stop, all leases lapse, and one more call comes\n");
       fp = (payload == 0 || status == RELEASED || expired -> 1 : payload);
#ifdef COMMIT
       inStock = true
#endif
    :: !last && (me == 0 || PAYLOADS == 1) -> fp = 1
    :: !last && me != 0 && PAYLOADS > 1 -> if :: fp = 1 :: fp = 2 fi
    fi;
    g_payloadOf[me] = fp;
#ifdef ONE_SHOT
    if
    :: !last -> isOneShot = true
    :: last || me == 0
    fi
#endif
  }

again:
  atomic {
    le = now + LEASE; mint(); op = claim; at = 1; ge = 1; rounds = 0; seenT = 0; seenR = 0; val = 0;
    done = false; doubtful = false; asked = false; verdict = UNKNOWN;
    printf("%c calls with payload %d\n", 'A' + me, fp);
#ifdef ONE_SHOT
    if
    :: isOneShot -> op = one_shot; le = now; val = MY_ANSWER
    :: else
    fi
#endif
  }

send:
  transmit();
  atomic {
    if
#ifdef ONE_SHOT
    :: isOneShot && (op == one_shot || isFencing && !doubtful) ->
       if
       :: verdict == COMMITTED || verdict == REPLAY -> goto answered
       :: (verdict == TAKE_OVER || verdict == GONE) && rounds < TAKE_OVERS ->
          rounds++; isFencing = false; op = one_shot; le = now; val = MY_ANSWER;
          if
          :: verdict == GONE -> at = 1; ge = 1; seenT = 0; seenR = 0
          :: else
          fi;
          verdict = UNKNOWN; goto send
       :: (verdict == TAKE_OVER || verdict == GONE) && rounds == TAKE_OVERS -> ANSWER("409 in-progress, or 503\n"); goto over
       :: verdict == CONFLICT -> ANSWER("409 in-progress\n"); goto over
       :: verdict == MISMATCH -> ANSWER("422 key-reused\n"); goto over
       :: verdict == HELD_BACK -> ANSWER("409 outcome-unknown\n"); goto over
       :: verdict == REFUSED && !MUST_FENCE -> g_failed = true; TELL("refused\n"); goto over
       :: verdict == REFUSED && MUST_FENCE || verdict == UNKNOWN && op == one_shot ->
          printf("%c fences what it has sent\n", 'A' + me);
          isUnknown = (verdict == UNKNOWN); isFencing = true; op = (seenT == 0 -> claim : take_over); le = now;
          verdict = UNKNOWN; goto send
       :: verdict == UNKNOWN && op != one_shot -> isUnknown = true; goto giveUp
       :: verdict == CLAIMED -> goto giveUp
       fi
    :: isFencing && doubtful ->
       if
       :: isUnknown -> ANSWER("503 idempotency-unavailable\n")
       :: else -> g_failed = true; TELL("refused\n")
       fi;
       goto over
    :: !isOneShot && (op == claim || op == take_over) ->
#else
    :: op == claim || op == take_over ->
#endif
       if
       :: verdict == TAKE_OVER && rounds < TAKE_OVERS -> rounds++; mint(); op = take_over; verdict = UNKNOWN; goto send
       :: verdict == GONE && rounds < TAKE_OVERS ->
          rounds++; mint(); op = claim; at = 1; ge = 1; seenT = 0; seenR = 0; verdict = UNKNOWN; goto send
       :: (verdict == TAKE_OVER || verdict == GONE) && rounds == TAKE_OVERS -> ANSWER("409 in-progress\n"); goto over
       :: verdict == REPLAY -> goto answered
       :: verdict == CONFLICT ->
#ifdef BUG_RELEASE_ON_CONFLICT
          tk = seenT; goto giveUp
#else
          ANSWER("409 in-progress\n"); goto over
#endif
       :: verdict == MISMATCH -> ANSWER("422 key-reused\n"); goto over
       :: verdict == HELD_BACK -> ANSWER("409 outcome-unknown\n"); goto over
#ifndef BUG_RUN_ON_UNKNOWN_CLAIM
       :: verdict == UNKNOWN -> printf("%c does not know the fate of its claim\n", 'A' + me); goto giveUp
#endif
#ifndef BUG_START_AFTER_LAPSE
       :: verdict == CLAIMED && now >= le ->
          printf("%c: its lease has lapsed, so the handler does not start\n", 'A' + me); goto giveUp
#endif
#ifdef STEPS
       :: verdict == CLAIMED && now < le && ASKS && at > ge ->
          TAKE_STEPS; rounds = 0; seenT = 0; seenR = 0; beginQuestion(); goto ask
       :: else -> TAKE_STEPS; rounds = 0; seenT = 0; seenR = 0; beginRun()
#else
       :: verdict == CLAIMED && now < le && ASKS && at > ge ->
          val = MY_ANSWER; rounds = 0; seenT = 0; seenR = 0; beginQuestion(); goto ask
       :: else -> val = MY_ANSWER; rounds = 0; seenT = 0; seenR = 0; beginRun()
#endif
       fi
    :: op == renewal -> skip
#ifdef STEPS
    :: op == checkpoint && (verdict == DONE || verdict == UNKNOWN) ->
       if
       :: verdict == DONE -> unsaved = unsaved & STILL_UNSAVED;
          MUST(!IS_MINE(tk) || (COUNTS_AS_KEPT & steps) == COUNTS_AS_KEPT, "I14: a result counts as kept, and the record does not have it\n")
       :: verdict == UNKNOWN -> g_gaveUp = true /* the results go with the next write */
       fi;
       verdict = UNKNOWN; val = 0
#ifdef PARALLEL
    :: op == mark && verdict == DONE && now < le -> known = known | MARK; isMarked = true; verdict = UNKNOWN; val = 0
    :: op == mark && (verdict == UNKNOWN || verdict == DONE && now >= le) ->
       printf("%c does not know the fate of its mark, or its lease has lapsed\n", 'A' + me);
       g_gaveUp = true; hasThrown = true; END_STEP(CHARGE); verdict = UNKNOWN; val = 0
    :: (op == checkpoint || op == mark) && verdict != DONE && verdict != UNKNOWN && SIBLINGS(op) != 0 ->
       hasThrown = true; verdict = UNKNOWN;
       if
       :: op == mark -> END_STEP(CHARGE)
       :: else
       fi;
       val = 0
#else
    :: op == mark && verdict == DONE -> known = known | MARK; isMarked = true; verdict = UNKNOWN; val = 0
    :: op == mark && verdict == UNKNOWN && RUNS_ON_UNKNOWN_MARK -> known = known | MARK; isMarked = true; val = 0
    :: op == mark && verdict == UNKNOWN && !RUNS_ON_UNKNOWN_MARK ->
       printf("%c does not know the fate of its mark\n", 'A' + me);
       g_gaveUp = true; op = abandonment; val = unsaved; endRun(); goto send
#endif
    :: (op == checkpoint || op == mark) && verdict == REPLAY -> endRun(); verdict = REPLAY; goto answered
    :: (op == checkpoint || op == mark) && (verdict == CONFLICT || verdict == UNSTORED) ->
       endRun(); ANSWER("409 in-progress, or 503\n"); goto over
#endif
#ifdef COMMIT
    :: op == commit ->
       if
       :: verdict == COMMITTED -> endRun(); goto answered
       :: verdict == REFUSED -> verdict = UNKNOWN
       :: else -> isUnknown = true; g_gaveUp = true; endRun(); ABANDON; goto send /* whatever the handler answers */
       fi
    :: IS_AFTER_A_COMMIT && isUnknown ->
       if
       :: verdict == REPLAY -> goto answered
       :: verdict == CONFLICT -> ANSWER("409 in-progress\n"); goto over
       :: verdict != REPLAY && verdict != CONFLICT && MAY_BE_COMMITTED ->
          g_gaveUp = true; ANSWER("503 idempotency-unavailable\n"); goto over
       :: verdict != REPLAY && verdict != CONFLICT && !MAY_BE_COMMITTED ->
          g_gaveUp = true; TELL("its handler's own answer\n"); goto over
       fi
    :: IS_AFTER_A_COMMIT && !isUnknown && needsFence && verdict != DONE ->
       g_gaveUp = true;
       if
       :: verdict == REPLAY -> goto answered
       :: verdict == CONFLICT -> ANSWER("409 in-progress\n"); goto over
       :: verdict != REPLAY && verdict != CONFLICT && MAY_BE_CONTRADICTED ->
          ANSWER("503 idempotency-unavailable\n"); goto over
       :: verdict != REPLAY && verdict != CONFLICT && !MAY_BE_CONTRADICTED ->
          TELL("its handler's own answer\n"); goto over
       fi
    :: IS_AFTER_A_COMMIT && !isUnknown && !(needsFence && verdict != DONE) ->
       if
       :: op == completion && verdict != CONFLICT && verdict != UNSTORED && verdict != UNKNOWN -> goto answered
       :: op == completion && verdict == CONFLICT -> ANSWER("409 in-progress\n"); goto over
       :: op == completion && (verdict == UNSTORED || verdict == UNKNOWN) ->
          g_gaveUp = true; TELL("its handler's answer, marked unstored\n"); goto over
       :: else -> g_gaveUp = g_gaveUp || verdict != DONE; TELL("its handler's own 4xx or error\n"); goto over
       fi
#endif
    :: op == next_generation ->
       if
       :: verdict == DONE && now < le -> ge = at; FORGET_STEPS; beginRun()
       :: verdict == DONE && now >= le ->
          ge = at; printf("%c: its lease has lapsed, so the handler does not start\n", 'A' + me); goto giveUp
#ifdef BUG_RUN_ON_UNKNOWN_GENERATION
       :: verdict == UNKNOWN -> ge = at; FORGET_STEPS; beginRun()
#else
       :: verdict == UNKNOWN -> printf("%c does not know the fate of its generation\n", 'A' + me); goto giveUp
#endif
       :: verdict == REPLAY -> goto answered
       :: verdict == CONFLICT || verdict == UNSTORED -> g_gaveUp = true; ANSWER("409 outcome-pending\n"); goto over
       fi
#ifdef BUG_RELEASE_WHILE_RUNNING
    :: op == release && g_running[me] != 0 -> skip
#endif
    :: doubtful && !IS_FENCE -> ANSWER("503 idempotency-unavailable\n"); goto over
    :: asked ->
       if
       :: op == completion && verdict == DONE || verdict == REPLAY -> goto answered
#ifdef BUG_DONE_ANSWERED_UNSTORED
       :: op == completion && verdict != DONE && verdict != REPLAY -> goto answered
#endif
       :: else -> g_gaveUp = true; ANSWER("409 outcome-pending\n"); goto over
       fi
    :: else ->
       if
       :: op != completion ->
          g_gaveUp = g_gaveUp || verdict != DONE; ANSWER("its handler's own 4xx or error\n"); goto over
       :: op == completion && verdict == DONE -> goto answered
#ifdef BUG_RELEASE_AFTER_UNKNOWN_COMPLETION
       :: op == completion && verdict == UNKNOWN -> goto giveUp
#endif
       :: op == completion && (verdict == UNKNOWN || verdict == UNSTORED) ->
          g_gaveUp = true; ANSWER("its handler's answer, marked unstored\n"); goto over
#ifdef BUG_LOST_OWNER_ANSWERS_ITS_OWN
       :: op == completion && (verdict == REPLAY || verdict == CONFLICT) ->
          val = MY_ANSWER; goto answered
#else
       :: op == completion && verdict == REPLAY -> goto answered
       :: op == completion && verdict == CONFLICT -> ANSWER("409 in-progress\n"); goto over
#endif
       fi
    fi
  }

#ifdef PARALLEL
/* A handler has ended when its steps have ended. */
#ifdef BUG_SIBLINGS_NOT_AWAITED
#define HAS_ENDED true
#define END_RUN if :: running == 0 -> endRun() :: else fi
#else
#define HAS_ENDED (running == 0)
#define END_RUN endRun()
#endif

handler:
  do
  STEPS_GO_ON(true)
  :: atomic { STOPS && (running & CHARGE) != 0 && !isMarked -> op = mark; val = MARK; verdict = UNKNOWN; goto send }
  :: atomic { isKeeping -> isKeeping = false; op = checkpoint; val = SAVED; verdict = UNKNOWN; goto send }
  :: atomic { !hasThrown && !isKeeping && IS_CHARGED && IS_MAILED -> op = completion; val = MY_ANSWER;
       printf("%c's handler returns\n", 'A' + me); endRun(); goto send }
  :: atomic { hasThrown && !isKeeping && HAS_ENDED -> op = AFTER_A_THROW; val = unsaved;
       printf("%c's claim ends\n", 'A' + me); END_RUN; goto send }
  :: atomic { !hasRun && !hasThrown && failures > 0 && !last ->
       failures--; g_failed = true; printf("%c's handler answers 4xx: nothing was done\n", 'A' + me);
       op = RELEASE_OR_ABANDON; val = 0; endRun(); goto send }
  :: atomic { crashes > 0 && !last -> crashes--; g_crashed = true; printf("%c crashes\n", 'A' + me); goto dead }
  od;
#elif defined(STEPS)
#define MAY_MAIL (ASKS || IS_CHARGED) /* with a question in either order: a result may be kept although nothing was charged */
handler:
  do
  :: atomic { !IS_CHARGED && !isKeeping && STOPS && (known & MARK) == 0 && now < le -> op = mark; val = MARK; verdict = UNKNOWN; goto send }
  :: atomic { !IS_CHARGED && !isKeeping && STOPS && (known & MARK) != 0 && !isMarked ->
       printf("%c: an earlier attempt may have charged, so the step stops\n", 'A' + me);
       g_gaveUp = true; op = abandonment; val = unsaved; endRun(); goto send }
  :: atomic { !IS_CHARGED && !isKeeping && MAY_CHARGE && !IS_CANCELLED && now < le -> beginStep(CHARGE); runStep(CHARGE) }
  :: atomic { !IS_CHARGED && !isKeeping && MAY_CHARGE && IS_CANCELLED && now < le -> g_failed = true;
       printf("%c's step throws: the downstream refuses the key\n", 'A' + me);
       op = AFTER_A_THROW; val = unsaved; endRun(); goto send }
  :: atomic { MAY_MAIL && !IS_MAILED && !isKeeping && now < le -> beginStep(MAIL); runStep(MAIL) }
  :: atomic { isKeeping -> isKeeping = false; op = checkpoint; val = SAVED; verdict = UNKNOWN; goto send }
  :: atomic { !isKeeping && IS_CHARGED && IS_MAILED -> op = completion; val = MY_ANSWER;
       printf("%c's handler returns\n", 'A' + me); endRun(); goto send }
  :: atomic { !isKeeping && now >= le && !(IS_CHARGED && IS_MAILED) -> g_gaveUp = true;
       printf("%c: its lease has lapsed, so no step starts\n", 'A' + me); op = abandonment; val = unsaved; endRun(); goto send }
  :: atomic { !hasRun && failures > 0 && !last ->
       failures--; g_failed = true; printf("%c's handler answers 4xx: nothing was done\n", 'A' + me);
       op = RELEASE_OR_ABANDON; val = 0; endRun(); goto send }
  :: atomic { failures > 0 && !last -> failures--; g_failed = true; printf("%c's handler throws\n", 'A' + me);
       op = AFTER_A_THROW; val = unsaved; endRun(); goto send }
  :: atomic { crashes > 0 && !last -> crashes--; g_crashed = true; printf("%c crashes\n", 'A' + me); goto dead }
  od;
#elif defined(COMMIT)
handler:
  do
  :: atomic { transactions < TRANSACTIONS -> transactions++; val = COMMITTED_BY(transactions);
       printf("%c's handler commits its order\n", 'A' + me); op = commit; verdict = UNKNOWN; goto send }
  :: atomic { transactions > 0 -> g_failed = true; printf("%c's handler answers 4xx\n", 'A' + me);
       op = RELEASE_OR_ABANDON; endRun(); FENCE_IF_NEEDED; goto send }
  :: atomic { transactions > 0 -> op = completion; val = MY_OWN_ANSWER;
       printf("%c's handler returns an answer without an order\n", 'A' + me); endRun(); goto send }
  :: atomic { failures > 0 && !last -> failures--; g_failed = true; printf("%c's handler throws\n", 'A' + me);
       ABANDON; endRun(); goto send }
  :: atomic { crashes > 0 && !last -> crashes--; g_crashed = true; printf("%c crashes\n", 'A' + me); goto dead }
  od;
#else
handler:
  do
  :: atomic { !done && !IS_CANCELLED -> done = true; printf("%c's effect happens\n", 'A' + me); haveEffect() }
  :: atomic { !done && IS_CANCELLED -> g_failed = true;
       printf("%c's handler throws: the downstream refuses the key\n", 'A' + me);
       op = AFTER_A_THROW; endRun(); goto send }
  :: atomic { done -> op = completion; printf("%c's handler returns\n", 'A' + me); endRun(); goto send }
  :: atomic { !done && failures > 0 && !last ->
       failures--; g_failed = true; printf("%c's handler answers 4xx: nothing was done\n", 'A' + me);
       op = RELEASE_OR_ABANDON; endRun(); goto send }
  :: atomic { failures > 0 && !last -> failures--; g_failed = true; printf("%c's handler throws\n", 'A' + me);
       op = AFTER_A_THROW; endRun(); goto send }
  :: atomic { renewals > 0 && now + LEASE > le && !last ->
       renewals--; le = now + LEASE; op = renewal; verdict = UNKNOWN; goto send }
#ifdef BUG_RELEASE_WHILE_RUNNING
  :: atomic { !last -> printf("%c's timeout fires while its handler still runs\n", 'A' + me);
       op = release; verdict = UNKNOWN; goto send }
#endif
  :: atomic { crashes > 0 && !last -> crashes--; g_crashed = true; printf("%c crashes\n", 'A' + me); goto dead }
  od;
#endif

/*
 * The downstream answers as things are then. Its answer arrives later, or too late. Left out: the pause after `unknown`,
 * so a retry may ask at once, and the heartbeat, so a question has one lease.
 */
ask:
  if
  :: atomic { IS_ALL_DONE -> verdict = HAPPENED; printf("the downstream says done\n") }
  :: atomic { !HAS_HAPPENED -> verdict = NOT_DONE; CANCEL; printf("the downstream says notDone\n") }
  :: atomic { !last || !IS_CANCELLED -> verdict = RERUN; printf("the downstream says rerun\n") }
  :: atomic { !last -> verdict = UNDECIDED; printf("the downstream says unknown\n") }
  :: atomic { crashes > 0 && !last -> crashes--; g_crashed = true; printf("%c crashes\n", 'A' + me); goto dead }
  fi;
  if
#ifndef BUG_FOLLOW_AFTER_A_LAPSE
  :: atomic { now >= le -> printf("%c: its lease has lapsed, so nothing follows\n", 'A' + me); endRun(); goto giveUp }
  :: atomic { now < le ->
#else
  :: atomic {
#endif
       if
       :: verdict == HAPPENED -> op = completion; val = MY_ANSWER; asked = true; endRun(); goto send
       :: verdict == UNDECIDED -> op = DEFER; DEFER_STEPS; asked = true; endRun(); goto send
       :: verdict == RERUN -> FOLLOW_RERUN
       :: verdict == NOT_DONE -> endRun(); BEGIN_GENERATION
       fi }
  :: atomic { !last -> g_gaveUp = true; printf("%c gets no answer in time\n", 'A' + me);
#ifdef BUG_UNANSWERED_QUESTION_ABANDONS
       op = abandonment; asked = true; verdict = UNKNOWN; goto send
#else
       ANSWER("409 outcome-pending\n"); goto over
#endif
     }
  :: atomic { crashes > 0 && !last -> crashes--; g_crashed = true; printf("%c crashes\n", 'A' + me); goto dead }
  fi;

giveUp:
  atomic { g_gaveUp = true; doubtful = true; op = RELEASE_OR_ABANDON; verdict = UNKNOWN; goto send }

answered:
  atomic {
    printf("%c answers with the answer of %c\n", 'A' + me, 'A' + ANSWERER(val));
    MUST(g_stored[val], "H6: a success answer that is not the stored one\n");
    MUST(g_payloadOf[ANSWERER(val)] == fp, "H13: the outcome of another payload is answered\n");
    g_over[tk] = true; verdict = REPLAY
  }

over:
  if
  :: atomic { calls < RETRIES && !last -> calls++; goto again }
  :: last -> MUST(HELD || STOPS || verdict == REPLAY, "H12: the faults have stopped, and a call is not answered\n")
  :: !last
  fi;

dead:
  atomic {
    g_over[tk] = (tk != 0); endRun();
    fp = 0; tk = 0; at = 0; ge = 0; le = 0; seenT = 0; seenR = 0; val = 0; minted = 0; calls = 0; rounds = 0; sends = 0;
    verdict = 0; op = 0; done = false; doubtful = false; asked = false; ended++;
#ifdef STEPS
    known = 0; unsaved = 0; isMarked = false; isKeeping = false; hasRun = false;
#ifdef PARALLEL
    running = 0; hasThrown = false;
#endif
#endif
#ifdef COMMIT
    transactions = 0; isUnknown = false; needsFence = false; isOneShot = false; isFencing = false
#endif
  }
}

/* ---- time, TTL, and late requests ------------------------------------------------------------------------------ */

/* No request outlives a retention: DynamoDB refuses a request that was signed more than 5 minutes ago. */
#ifdef BUG_RETENTION_SHORTER_THAN_A_REQUEST
#define NOTHING_ON_ITS_WAY true
#else
#define NOTHING_ON_ITS_WAY empty(late)
#endif
#ifdef BUG_TTL_ON_A_LIVE_CLAIM
#define MAY_SWEEP_IN_PROGRESS true
#elif defined(BUG_HELD_RECORD_EXPIRES)
#define MAY_SWEEP_IN_PROGRESS (lease == 0 || IS_LAPSED)
#else
#define MAY_SWEEP_IN_PROGRESS (!HELD && !ASKS && (lease == 0 || IS_LAPSED))
#endif

/* A new token, so the owner and each write that is under way are fenced. H3 and H8 expect nothing after it. */
#define PERSON_WRITES token = TOKEN_OF_A_PERSON; acts++; revision++; g_gaveUp = true

#define FORGET op = 0; tk = 0; seenT = 0; seenR = 0; fp = 0; at = 0; ge = 0; le = 0; val = 0

proctype World() {
  mtype op;
  byte tk, seenT, seenR, fp, at, ge, le, val;
  do
  :: atomic { ticks > 0 && ended < CALLS -> ticks--; now++; printf("time passes\n") }
  :: atomic { expiries > 0 && (status == SETTLED || status == RELEASED) && !expired && NOTHING_ON_ITS_WAY && ended < CALLS ->
       expiries--; expired = true; g_open = false; printf("the retention ends\n") }
  :: atomic { (expired || expiries > 0 && status == IN_PROGRESS && MAY_SWEEP_IN_PROGRESS && NOTHING_ON_ITS_WAY) && ended < CALLS ->
       expiries = (expired -> expiries : expiries - 1);
       status = ABSENT; token = 0; revision = 0; attempt = 0; generation = 0; payload = 0; outcome = 0; lease = 0;
       expired = false; CONSUME; g_effect = false; g_effectKey = 0; g_cancelled = 0; printf("TTL sweeps the record\n") }
#ifdef OVERRIDE
  /* One for the other payload of this world, or for one that no caller sends. */
  :: atomic { !isProposed && (status == IN_PROGRESS || status == SETTLED && !expired) && HAS_NO_OWNER && ended < CALLS ->
       if
       :: override = 3 - payload
       :: override = 3
       fi;
       isProposed = true; PERSON_WRITES; printf("a person proposes an override for payload %d\n", override) }
  :: atomic { override != 0 && !approved && HAS_NO_OWNER && ended < CALLS ->
       approved = true; g_allowed = true; PERSON_WRITES; printf("another person approves it\n") }
  :: atomic { override != 0 && ended < CALLS ->
       override = 0; approved = false; g_allowed = false; PERSON_WRITES; printf("a person withdraws the override\n") }
#endif
#ifdef COMMIT
  :: atomic { changes > 0 && ended < CALLS -> changes--; inStock = !inStock;
       if
       :: inStock -> printf("an item comes into stock\n")
       :: else -> printf("another customer takes the item\n")
       fi }
#endif
  :: atomic { len(late) > 1 -> late?op, tk, seenT, seenR, fp, at, ge, le, val; /* in any order */
       late!op, tk, seenT, seenR, fp, at, ge, le, val; FORGET }
  :: atomic { late?op, tk, seenT, seenR, fp, at, ge, le, val ->
       printf("%e %c%d, which the network kept, arrives\n", op, OWNER(tk), NTH(tk));
       write(op, tk, seenT, seenR, fp, at, ge, le, val);
       if
       :: h_written -> printf("it is applied\n")
       :: else -> printf("it is refused\n")
       fi;
       h_written = false; FORGET }
  :: atomic { OTHERS_ENDED ->
       MUST_IN_TIME(g_crashed || g_failed || g_gaveUp || expiries < EXPIRIES || now > 1 || status == SETTLED && (g_runs == 1 || ONE_SHOTS && g_runs == 0), "H3: no crash, lapse, failure or give-up, and yet not exactly one run and a settled record\n");
       MUST(g_crashed || g_failed || g_gaveUp || status != IN_PROGRESS, "H8: no crash, failure or give-up, and yet the record stays in progress\n");
       break }
  od;
  run Call(CALLS, true)
}

init {
  atomic {
    byte i = CALLS;
    do
    :: i > 0 -> i--; run Call(i, false)
    :: i == 0 -> break
    od;
    run World()
  }
}
