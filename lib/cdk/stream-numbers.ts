import { type Duration, Token } from 'aws-cdk-lib'
import { seconds } from './numbers.ts'

export const recordsOutliveStream = (recordRetention: Duration, maxRecordAge: Duration): string | undefined =>
  recordRetention.toSeconds() < maxRecordAge.toSeconds()
    ? `the worker's record retention is ${seconds(recordRetention)}, and maxRecordAge is ${seconds(maxRecordAge)}: ` +
      'a record must live at least as long as a message, or its last redelivery runs again'
    : undefined

export const poisonIsFoundFirst = (maxRuns: number, retryAttempts: number | undefined): string | undefined =>
  retryAttempts !== undefined && !Token.isUnresolved(retryAttempts) && maxRuns >= retryAttempts
    ? `maxRuns is ${maxRuns}, and retryAttempts is ${retryAttempts}: maxRuns must be less, or Lambda gives the batch up ` +
      'before the layer can tell which message is poison'
    : undefined
