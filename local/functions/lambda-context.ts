import type { Context } from 'aws-lambda'

export type LambdaContext = Omit<Context, 'done' | 'fail' | 'succeed'>

/** The context of one invocation. Its remaining time is real: the gateway kills the process after the deadline. */
export const lambdaContext = (requestId: string, deadline: number): LambdaContext => {
  const { AWS_LAMBDA_FUNCTION_NAME: name = '', AWS_LAMBDA_FUNCTION_MEMORY_SIZE: memory = '' } = process.env
  return {
    awsRequestId: requestId,
    callbackWaitsForEmptyEventLoop: true,
    functionName: name,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:us-east-1:123456789012:function:${name}`,
    memoryLimitInMB: memory,
    logGroupName: `/aws/lambda/${name}`,
    logStreamName: String(process.pid),
    getRemainingTimeInMillis: () => deadline - Date.now(),
  }
}
