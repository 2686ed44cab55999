-- Ends the run and releases the lease: {status, at}, with no time when the
-- thread is gone. Without a last Seq the run leaves no trace. Behind the arguments
-- with names come the last Seq and the block of each earlier run, then message ids.
local token, retention, id, maxRuns, last, block, messages, state, channel, earlier = unpack(ARGV, 1, 10)
local ids = 11 + 2 * tonumber(earlier)
local thread = redis.call('HMGET', KEYS[THREAD], 'run', 'seq', 'kept', 'wasAgent', 'wasUpdated', 'wasRan', 'done', 'updated')
if redis.call('GET', KEYS[LEASE]) ~= token then
  if thread[7] == token then -- a repeated call whose answer got lost
    return {'ok', thread[8]}
  end
  return {'lost'}
end
redis.call('DEL', KEYS[LEASE], KEYS[LIVE])
redis.call('HDEL', KEYS[THREAD], 'run', 'first', 'stop', 'wasAgent', 'wasUpdated', 'wasRan')
redis.call('PUBLISH', channel, 'end')

if last == '' and not thread[3] then
  redis.call('DEL', KEYS[THREAD])
  if KEYS[INDEX] then
    redis.call('ZREM', KEYS[INDEX], id)
  end
  return {'ok', ''}
end

local function add(last, block)
  if maxRuns == '0' then
    redis.call('XADD', KEYS[RUNS], last .. '-0', 'b', block)
  else
    redis.call('XADD', KEYS[RUNS], 'MAXLEN', maxRuns, last .. '-0', 'b', block)
  end
end

local at = now()
if last == '' then
  at = tonumber(thread[5])
  redis.call('HSET', KEYS[THREAD], 'agent', thread[4])
  if thread[6] == '' then
    redis.call('HDEL', KEYS[THREAD], 'ran')
  else
    redis.call('HSET', KEYS[THREAD], 'ran', thread[6])
  end
else
  for i = 11, ids - 1, 2 do
    add(ARGV[i], ARGV[i + 1])
  end
  if block ~= '' then
    add(last, block)
  end
  if tonumber(last) > tonumber(thread[2] or '0') then
    redis.call('HSET', KEYS[THREAD], 'seq', last)
  end
  redis.call('HSET', KEYS[THREAD], 'parent', thread[1], 'kept', '1')
  redis.call('DEL', KEYS[SNAPSHOT])
  redis.call('HSET', KEYS[SNAPSHOT], 'messages', messages)
  if state ~= '' then
    redis.call('HSET', KEYS[SNAPSHOT], 'state', state)
  end
  for i = ids, #ARGV, 4000 do
    redis.call('SADD', KEYS[MESSAGES], unpack(ARGV, i, math.min(i + 3999, #ARGV)))
  end
end
redis.call('HSET', KEYS[THREAD], 'done', token, 'updated', text(at))
keep(retention)
list(id, at, retention)
return {'ok', text(at)}
