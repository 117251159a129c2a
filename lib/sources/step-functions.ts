import { IdempotencyError } from '../core/errors.ts'
import { field, joined } from './field.ts'

/**
 * What is looked at of the Context object, which the state has to pass on:
 * `"context.$": "$$"` (JSONPath), or `"context": "{% $states.context %}"` (JSONata).
 */
export interface StepFunctionsContext {
  readonly Execution: { readonly Id: string }
  readonly State: { readonly Name: string }
  /** Only inside a Map state. */
  readonly Map?: { readonly Item?: { readonly Index?: number } }
}

/**
 * Key of a task of a Step Functions execution: which execution, which state, and inside a Map which item. All are the
 * same when the state is retried and when the execution is redriven. `State.RetryCount` counts the retries,
 * `Task.Token` and `State.EnteredTime` are new when the state is entered again, as after a redrive.
 *
 * A state that the execution enters more than once, in a loop or in nested Maps, needs an `iteration` that tells one
 * entry from the next, such as the loop's counter.
 *
 * Source: "Accessing execution data from the Context object in Step Functions" in the Step Functions developer guide.
 */
export const stepFunctionsKey = (context: StepFunctionsContext, iteration?: string | number): string =>
  joined(
    field('Step Functions', 'Execution.Id', context?.Execution?.Id),
    field('Step Functions', 'State.Name', context?.State?.Name),
    context.Map?.Item?.Index ?? null,
    counted(iteration),
  )

/** JSON would make one `null` of everything that is no number, and one key of all entries. */
const counted = (iteration: string | number | undefined): string | number | null => {
  if (typeof iteration !== 'number' || Number.isFinite(iteration)) return iteration ?? null
  throw new IdempotencyError('key-missing', `The iteration is ${iteration}; it must be a text or a finite number`)
}
