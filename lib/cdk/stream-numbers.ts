import { Token } from 'aws-cdk-lib'

export const poisonIsFoundFirst = (maxRuns: number, retryAttempts: number | undefined): string | undefined =>
  retryAttempts !== undefined && !Token.isUnresolved(retryAttempts) && maxRuns >= retryAttempts
    ? `maxRuns is ${maxRuns}, and retryAttempts is ${retryAttempts}: maxRuns must be less, or Lambda gives the batch up ` +
      'before the layer can tell which message is poison'
    : undefined
