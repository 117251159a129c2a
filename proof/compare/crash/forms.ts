import { powertools } from '../subject.ts'
import type { Form, Task } from './form.ts'
import { LAMBDA_ONCE_FORMS } from './lambda-once-forms.ts'
import { POWERTOOLS_FORMS } from './powertools-forms.ts'

/** The forms of the layer with this name. */
export const formsOf = (subject: string, task: Task): readonly Form[] =>
  (subject === powertools.name ? POWERTOOLS_FORMS : LAMBDA_ONCE_FORMS)[task]
