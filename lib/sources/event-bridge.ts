import { field } from './field.ts'

/** What is looked at of an event from an EventBridge bus. */
export interface EventBridgeEvent {
  readonly id: string
}

/**
 * Key of an event from an EventBridge bus or rule: `id`. EventBridge makes it when the event is put on the bus, and
 * keeps it over its retries to the target and over a replay from an archive, which adds `replay-name`. `time` is the
 * producer's, to the second, and may be shared. A producer that repeats `PutEvents` gets another id: where that
 * happens, take a key from `detail`.
 *
 * Source: "AWS service event metadata" in the EventBridge user guide (`id`: "a version 4 UUID that's generated for
 * every event"), and "How EventBridge retries delivering events".
 */
export const eventBridgeKey = (event: EventBridgeEvent): string => field('EventBridge', 'id', event?.id)
