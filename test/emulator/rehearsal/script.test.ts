import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { SCENARIOS } from '../../../src/emulator/rehearsal/all-scenarios.ts'
import {
  TRIGGERED_ANSWERS,
  type TriggeredAnswer,
} from '../../../src/emulator/rehearsal/trigger-phrases.ts'

const SCRIPT = new URL('../../../demo/rehearsal-script.yaml', import.meta.url)

function asScriptRule(answer: TriggeredAnswer): object {
  const { toolResult, ...when } = answer.when
  const rule = {
    when: Object.keys(answer.when).length === 0 ? undefined : { tool_result: toolResult, ...when },
    first_token_ms: answer.firstTokenMs,
    token_ms: answer.tokenMs,
    // A script has no thoughts; both complete without a word.
    fault: answer.fault === 'reasoning' ? 'empty' : answer.fault,
    say: answer.say,
    calls: answer.calls,
  }
  return JSON.parse(JSON.stringify(rule)) as object // drops what is undefined
}

it('the scripted upstream of the demo knows the same phrases as the controlled one', () => {
  expect(parse(readFileSync(SCRIPT, 'utf8'))).toEqual(TRIGGERED_ANSWERS.map(asScriptRule))
})

it('the document names every scenario', () => {
  const document = readFileSync(new URL('../../../docs/REHEARSE.md', import.meta.url), 'utf8')
  const missing = SCENARIOS.filter(({ name }) => !document.includes(`\`${name}\``))
  expect(missing.map(({ name }) => name)).toEqual([])
})
