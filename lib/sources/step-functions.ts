import { IdempotencyError } from '../core/errors.ts'
import { field, join } from './field.ts'

/**
 * The part of the Context object that {@link stepFunctionsKey} reads. The state must pass the object to the function:
 * `"context.$": "$$"` (JSONPath), or `"context": "{% $states.context %}"` (JSONata).
 */
export interface StepFunctionsContext {
  readonly Execution: { readonly Id: string }
  readonly State: { readonly Name: string }
  /** Set only inside a Map state. */
  readonly Map?: { readonly Item?: { readonly Index?: number } }
}

/**
 * Key of a task of a Step Functions execution: the execution, the state, and inside a Map the item's index. All are the
 * same when the state is retried and when the execution is redriven. Throws `IdempotencyError` `key-missing` if the
 * execution or the state is missing.
 *
 * If the execution enters the state more than once, in a loop or in nested Maps, pass an `iteration` that differs for
 * each entry, such as the loop's counter: a string or a finite number.
 *
 * Other fields are no keys: `State.RetryCount` counts the retries, and `Task.Token` and `State.EnteredTime` are new when
 * the state is entered again, as after a redrive.
 *
 * Source: "Accessing execution data from the Context object in Step Functions" in the Step Functions developer guide.
 */
export const stepFunctionsKey = (context: StepFunctionsContext, iteration?: string | number): string =>
  join(
    field('Step Functions', 'Execution.Id', context?.Execution?.Id),
    field('Step Functions', 'State.Name', context?.State?.Name),
    context.Map?.Item?.Index ?? null,
    iterationPart(iteration),
  )

/** JSON writes `NaN` and the infinities as `null`, so all entries would share one key. */
const iterationPart = (iteration: string | number | undefined): string | number | null => {
  if (typeof iteration !== 'number' || Number.isFinite(iteration)) return iteration ?? null
  throw new IdempotencyError('key-missing', `The iteration is ${iteration}; it must be a text or a finite number`)
}
