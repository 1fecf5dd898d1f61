import { isRecord } from '../rehearsal/json.ts'
import type { AgentFile } from './agent-file.ts'
import { placeholdersIn, SYSTEM, systemVariables } from './prompt.ts'
import { isNeverSent } from './request-headers.ts'

interface AgentWarning {
  readonly path: readonly (string | number)[]
  readonly message: string
}

const ID = 'system__conversation_id'

/** What the emulator takes and the platform would not, or what would surprise there. */
export function agentWarnings(file: AgentFile): readonly AgentWarning[] {
  return [...headerWarnings(file), ...promptWarnings(file), ...parameterWarnings(file)]
}

function headerWarnings({ custom_llm: { request_headers: headers } }: AgentFile) {
  return Object.keys(headers)
    .filter(isNeverSent)
    .map((name) => ({
      path: ['custom_llm', 'request_headers', name],
      message: 'is never sent by the platform; use api_key',
    }))
}

function promptWarnings(file: AgentFile): readonly AgentWarning[] {
  const known = systemVariables({
    conversationId: '',
    agentId: '',
    currentAgentId: '',
    isTextOnly: true,
    startedAt: new Date(),
  })
  const named = placeholdersIn(file.prompt)
  const unknown = named.filter((name) => name.startsWith(SYSTEM) && !Object.hasOwn(known, name))
  const inHeaders = Object.values(file.custom_llm.request_headers).flatMap(placeholdersIn)
  const isTold = [...named, ...inHeaders].includes(ID) || file.allow_custom_llm_extra_body
  return [
    ...unknown.map((name) => ({
      path: ['prompt'],
      message: `{{${name}}} is not known here and stays as it is written`,
    })),
    ...(isTold
      ? []
      : [{ path: ['prompt'], message: `without {{${ID}}} no request says whose it is` }]),
  ]
}

function parameterWarnings(file: AgentFile): readonly AgentWarning[] {
  return (['client_tools', 'webhook_tools'] as const).flatMap((kind) =>
    file[kind].flatMap(({ parameters }, index) =>
      Object.entries(parameters.properties)
        .filter(([, schema]) => !isRecord(schema) || typeof schema.description !== 'string')
        .map(([name]) => ({
          path: [kind, index, 'parameters', 'properties', name],
          message: 'needs a description: the platform refuses the tool without one',
        })),
    ),
  )
}
