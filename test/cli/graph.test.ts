import { expect, it } from 'vitest'
import { runGraph } from '../../src/cli/graph.ts'

const FIXTURES = new URL('../fixtures/config/', import.meta.url).pathname

function graph(...args: readonly string[]) {
  let stdout = ''
  let stderr = ''
  const code = runGraph(args, {
    stdout: (text) => (stdout += text),
    stderr: (text) => (stderr += text),
  })
  return { code, stdout, stderr }
}

it('prints the flow as a Mermaid diagram, without asking for secrets', () => {
  expect(graph(`${FIXTURES}every-setting.yaml`)).toEqual({
    code: 0,
    stdout: `stateDiagram-v2
    state "any other state" as any_other_state
    identify
    choose
    book
    done
    human
    [*] --> identify
    identify --> choose : patient_id exists
    identify --> human : $turns_in_state #62;= 5
    choose --> book : The caller settled on one slot.
    book --> done : create_booking = ok
    book --> choose : create_booking = failed
    any_other_state --> human : The caller asks for a person.
`,
    stderr: '',
  })
})

it('prints the problems of a flow that cannot be read, and no diagram', () => {
  const { code, stdout, stderr } = graph(`${FIXTURES}everything-wrong.yaml`)
  expect(code).toBe(1)
  expect(stdout).toBe('')
  expect(stderr).toContain('everything-wrong.yaml:17:9: error: flow.name: must be 1 to 64 letters')
})

it('says that there is no such file', () => {
  const { code, stderr } = graph('/nowhere/flow.yaml')
  expect(code).toBe(1)
  expect(stderr).toBe('/nowhere/flow.yaml: error: cannot be read: there is no such file\n')
})

it('explains its use', () => {
  expect(graph()).toEqual({ code: 2, stdout: '', stderr: 'usage: turnstate graph FILE\n' })
})
