-- Takes the lease for a new run: {status, seq, parent, seen, at}.
local token, ttl, retention, id, agent, run = unpack(ARGV, 1, 6)
local holder = redis.call('GET', KEYS[LEASE])
local thread = redis.call('HMGET', KEYS[THREAD], 'run', 'seq', 'parent', 'created', 'agent', 'updated', 'ran')
local seq = thread[2] or '0'
local at = now()
if holder ~= token then -- else the call is a repeated one whose answer got lost
  if holder then
    return {redis.call('HEXISTS', KEYS[THREAD], 'stop') == 1 and 'stopping' or 'locked'}
  end
  if thread[1] then
    return {'orphaned'}
  end
  -- What it was, for a run that leaves no trace.
  redis.call('HSET', KEYS[THREAD], 'wasAgent', thread[5] or agent, 'wasUpdated', thread[6] or text(at), 'wasRan', thread[7] or '')
  redis.call('HSET', KEYS[THREAD], 'created', thread[4] or text(at), 'updated', text(at), 'ran', text(at),
    'agent', agent, 'run', run, 'first', text(tonumber(seq) + 1))
  redis.call('SET', KEYS[LEASE], token, 'PX', ttl)
  keep(retention)
  list(id, at, retention)
end

-- A digit for each message id: whether the thread has it.
local seen = {}
for i = 7, #ARGV, 4000 do
  local ids = {unpack(ARGV, i, math.min(i + 3999, #ARGV))}
  for _, is in ipairs(redis.call('SMISMEMBER', KEYS[MESSAGES], unpack(ids))) do
    seen[#seen + 1] = is
  end
end
return {'ok', seq, thread[3] or '', table.concat(seen), text(at)}
