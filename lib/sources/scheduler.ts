import { field, joined } from './field.ts'

/**
 * The input that the schedule has to be given, since without one an invocation says nothing of which run it is:
 * `{ "scheduleArn": "<aws.scheduler.schedule-arn>", "scheduledTime": "<aws.scheduler.scheduled-time>" }`, beside
 * whatever else the function needs.
 */
export interface SchedulerInput {
  readonly scheduleArn: string
  readonly scheduledTime: string
}

/**
 * Key of an invocation by EventBridge Scheduler: which schedule, and the time that it was due. Both are the same on
 * each attempt. `<aws.scheduler.execution-id>` is "the unique ID that EventBridge Scheduler assigns for each attempted
 * invocation", and `<aws.scheduler.attempt-number>` counts the attempts: neither is a key.
 *
 * Source: "Adding context attributes" in the EventBridge Scheduler user guide.
 */
export const schedulerKey = (input: SchedulerInput): string =>
  joined(
    field('EventBridge Scheduler', 'scheduleArn', input?.scheduleArn),
    field('EventBridge Scheduler', 'scheduledTime', input?.scheduledTime),
  )
