-- Lets a run in, unless it is over a limit: {'ok', day}, or {limit, milliseconds
-- until there is room}. Only what is over is removed then.
local id, ttl, user, unlisted, perMinute, concurrent, perDay = unpack(ARGV)
perMinute, concurrent, perDay = tonumber(perMinute), tonumber(concurrent), tonumber(perDay)
local at = now()
if redis.call('EXISTS', KEYS[TICKET]) == 1 then -- a repeated call whose answer got lost
  return {'ok', dayOf(at)}
end
if perDay > 0 then
  local _, input, output = spentOn(dayOf(at))
  if input + output >= perDay then
    return {'tokens_per_day', text(DAY - at % DAY)}
  end
end
if perMinute > 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[BEGUN], '-inf', text(at - MINUTE))
  local over = redis.call('ZCARD', KEYS[BEGUN]) - perMinute
  if over >= 0 then
    local oldest = redis.call('ZRANGE', KEYS[BEGUN], over, over, 'WITHSCORES')
    return {'runs_per_minute', text(math.max(1, math.min(tonumber(oldest[2]) + MINUTE - at, MINUTE)))}
  end
end
if concurrent > 0 then
  redis.call('ZREMRANGEBYSCORE', KEYS[PLACES], '-inf', text(at))
  if redis.call('ZCARD', KEYS[PLACES]) >= concurrent then
    return {'concurrent_runs', '0'}
  end
end
redis.call('HSET', KEYS[TICKET], 'input', '0', 'output', '0', 'estimated', '0', 'released', '0')
redis.call('PEXPIRE', KEYS[TICKET], text(tonumber(ttl) + HOUR))
hold(id, at, ttl)
if perMinute > 0 then
  redis.call('ZADD', KEYS[BEGUN], text(at), id)
  redis.call('PEXPIRE', KEYS[BEGUN], text(MINUTE))
end
spend(user, unlisted, at, 1, 0, 0, 0)
return {'ok', dayOf(at)}
