import type { Template } from 'aws-cdk-lib/assertions'

export interface Statement {
  readonly Effect: string
  readonly Action: string | readonly string[]
  readonly Resource: unknown
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>
}

interface PolicyResource {
  readonly Properties: {
    readonly PolicyDocument: { readonly Statement: readonly Statement[] }
    readonly Roles: readonly { readonly Ref: string }[]
  }
}

/** The policy statements of each role in the template, by the role's logical id. */
export const statementsByRole = (template: Template): ReadonlyMap<string, readonly Statement[]> => {
  const byRole = new Map<string, Statement[]>()
  for (const { Properties } of Object.values(
    template.findResources('AWS::IAM::Policy'),
  ) as unknown as PolicyResource[]) {
    for (const { Ref } of Properties.Roles) {
      byRole.set(Ref, [...(byRole.get(Ref) ?? []), ...Properties.PolicyDocument.Statement])
    }
  }
  return byRole
}

export const actionsOf = ({ Action }: Statement): readonly string[] => (typeof Action === 'string' ? [Action] : Action)

/** The logical id of the statement's table, if it is about one. */
export const tableOf = ({ Resource }: Statement): string | undefined =>
  (Resource as { 'Fn::GetAtt'?: readonly string[] })['Fn::GetAtt']?.[0]
