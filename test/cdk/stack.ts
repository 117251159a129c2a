import { Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { Code, type FunctionProps, Function as LambdaFunction, Runtime } from 'aws-cdk-lib/aws-lambda'
import { IdempotencyTable, IdempotentFunction, type IdempotentFunctionProps } from '../../lib/cdk/index.ts'
import { newApp } from './app.ts'

/** Has a Region, which a table with a customer key needs. */
export const newStack = (account?: string): Stack =>
  new Stack(newApp(), 'Test', { env: { region: 'eu-west-1', ...(account === undefined ? {} : { account }) } })

export const synthesized = (fill: (stack: Stack) => void, account?: string): Template => {
  const stack = newStack(account)
  fill(stack)
  return Template.fromStack(stack)
}

/** The errors of synthesis; empty if it succeeds. */
export const refusal = (fill: (stack: Stack) => void): string => {
  try {
    synthesized(fill)
    return ''
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}

/** A function without the layer. */
export const plainFunction = (stack: Stack, props: Partial<FunctionProps> = {}): LambdaFunction =>
  new LambdaFunction(stack, 'Plain', {
    runtime: Runtime.NODEJS_24_X,
    handler: 'index.handler',
    code: Code.fromInline('exports.handler = () => {}'),
    ...props,
  })

export const idempotentFunction = (stack: Stack, props: Partial<IdempotentFunctionProps> = {}): IdempotentFunction =>
  new IdempotentFunction(stack, 'Pay', {
    table: new IdempotencyTable(stack, 'Idempotency'),
    operation: 'payments',
    entry: 'functions/create-payment.ts',
    ...props,
  })
