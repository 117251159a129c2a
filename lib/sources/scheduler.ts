import { field, join } from './field.ts'

/**
 * The input to set on the schedule, in addition to whatever else the function needs:
 * `{ "scheduleArn": "<aws.scheduler.schedule-arn>", "scheduledTime": "<aws.scheduler.scheduled-time>" }`. Without it an
 * invocation does not say which run of the schedule it is.
 */
export interface SchedulerInput {
  readonly scheduleArn: string
  readonly scheduledTime: string
}

/**
 * Key of an invocation by EventBridge Scheduler: the schedule, and the time for which it was scheduled. Both are the same
 * on each attempt. Throws `IdempotencyError` `key-missing` if the input lacks one of them.
 *
 * `<aws.scheduler.execution-id>` is "the unique ID that EventBridge Scheduler assigns for each attempted invocation", and
 * `<aws.scheduler.attempt-number>` counts the attempts: neither is a key.
 *
 * Source: "Adding context attributes" in the EventBridge Scheduler user guide.
 */
export const schedulerKey = (input: SchedulerInput): string =>
  join(
    field('EventBridge Scheduler', 'scheduleArn', input?.scheduleArn),
    field('EventBridge Scheduler', 'scheduledTime', input?.scheduledTime),
  )
