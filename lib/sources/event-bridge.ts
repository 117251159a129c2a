import { field } from './field.ts'

/** The part of an EventBridge event that {@link eventBridgeKey} reads. */
export interface EventBridgeEvent {
  readonly id: string
}

/**
 * Key of an event from an EventBridge bus or rule: `id`. EventBridge sets it when the event is put on the bus, and keeps
 * it over its retries to the target and over a replay from an archive. Throws `IdempotencyError` `key-missing` without it.
 *
 * `time` is no key: the producer sets it, to the second, and several events may share it. A producer that repeats
 * `PutEvents` gets another id; if your producer does that, take a key from `detail`.
 *
 * Source: "AWS service event metadata" in the EventBridge user guide (`id`: "a version 4 UUID that's generated for
 * every event"), and "How EventBridge retries delivering events".
 */
export const eventBridgeKey = (event: EventBridgeEvent): string => field('EventBridge', 'id', event?.id)
