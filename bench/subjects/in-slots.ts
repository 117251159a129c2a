/** Runs all tasks, at most `slots` at once. The batch loop for subjects that have none. */
export const inSlots = async <T>(
  tasks: readonly T[],
  slots: number,
  run: (task: T) => Promise<unknown>,
): Promise<void> => {
  let next = 0
  const slot = async (): Promise<void> => {
    while (next < tasks.length) await run(tasks[next++] as T)
  }
  await Promise.all(Array.from({ length: Math.min(slots, tasks.length) }, slot))
}
