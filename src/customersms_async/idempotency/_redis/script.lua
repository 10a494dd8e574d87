-- The rule of _core/idempotency_record.py over keys that a Redis or Valkey server keeps. One call, one atomic decision.
--
-- KEYS: the latest time seen, the keys of claims without a known end (sorted set: key -> when it was claimed), and then
-- the records of the keys that the call is about. ARGV: the call, the time for tests or '' for the server's own, for how
-- long keys are kept, and what the call takes. Times are integer microseconds, exact in a double until the year 2255.
-- A record is five bytes (the state, and the lengths of claim, content, label and person), three doubles (when it was
-- claimed, its deadline, when it ended or lapses), these four texts, and the sealed outcome.

local clock, open = KEYS[1], KEYS[2]
local call, keep = ARGV[1], tonumber(ARGV[3])
local FREE, CLAIMED, INTERRUPTED, UNKNOWN, ACCEPTED = 0, 1, 2, 3, 5 -- as in _core/idempotency_states.py
local SPENT = 600000000 -- as in _core/idempotency_record.py
local UNSENT_AFTER = 600000000 -- as in _core/idempotency_record.py
local GRACE = 5000000 -- as in _core/buckets.py
local DAY = 86400000000 -- no attempt, and no late answer, takes longer
local HEAD = '>BBBBBddd'

local now = math.max(clock_us(), tonumber(redis.call('GET', clock) or 0)) -- a clock that steps back stands still

local function keep_time()
  redis.call('SET', clock, integer(now), 'PX', integer(math.ceil(keep / 1000) + 3600000))
end

local function kept(record)
  if record.state == FREE and record.by == '' then
    return SPENT
  end
  return keep
end

-- The record of a key as it stands now, or nil.
local function read(number)
  local packed = redis.call('GET', KEYS[number + 2])
  if not packed then
    return nil
  end
  local record, sizes, at = {}, {}, 0
  record.state, sizes[1], sizes[2], sizes[3], sizes[4], record.began, record.deadline, record.ended, at =
    struct.unpack(HEAD, packed)
  for index, name in ipairs({'claim', 'content', 'label', 'by'}) do
    record[name] = string.sub(packed, at, at + sizes[index] - 1)
    at = at + sizes[index]
  end
  record.outcome = string.sub(packed, at)
  if record.state == CLAIMED then
    if now < record.ended then
      return record
    end
    record.state = INTERRUPTED
  end
  if now >= record.ended + kept(record) then
    return nil
  end
  return record
end

local function write(number, record)
  local head = struct.pack(
    HEAD, record.state, #record.claim, #record.content, #record.label, #record.by,
    record.began, record.deadline, record.ended
  )
  local texts = record.claim .. record.content .. record.label .. record.by .. record.outcome
  local left = record.ended + kept(record) - now
  redis.call('SET', KEYS[number + 2], head .. texts, 'PX', integer(math.ceil(left / 1000) + 1000))
end

local function moved(number, record, state, outcome, by)
  record.state, record.outcome, record.by, record.ended = state, outcome, by, now
  write(number, record)
end

local function member(number)
  return string.match(KEYS[number + 2], '([^:]*)$')
end

local function seen(record)
  if record == nil or record.state == FREE then
    return false
  end
  local left = 0
  if record.state == CLAIMED then
    left = record.ended - now
  end
  return {record.state, record.claim, record.content, record.outcome, integer(left)}
end

local count = #KEYS - 2

if call == 'look' then
  local answer = {}
  for number = 1, count do
    answer[number] = seen(read(number))
  end
  return answer
end

if call == 'claim' then
  keep_time()
  local claim, length, label = ARGV[4], tonumber(ARGV[5]), ARGV[6]
  local answer, records, taken = {}, {}, false
  for number = 1, count do
    local record = read(number)
    local mine = record and record.claim == claim
    answer[number] = false
    if record and record.state == FREE and mine then
      answer[number] = {CLAIMED, claim, '', '', '0'} -- it was given back before it came
    elseif record and record.state ~= FREE
      and not (record.state == CLAIMED and mine and record.content == ARGV[number + 6]) then
      answer[number] = seen(record)
    end
    taken = taken or answer[number] ~= false
    records[number] = record
  end
  if taken then
    return answer
  end
  for number = 1, count do
    local record = records[number]
    if not (record and record.state == CLAIMED) then
      write(number, {
        state = CLAIMED, claim = claim, content = ARGV[number + 6], label = label, by = '', outcome = '',
        began = now, deadline = now + length, ended = now + length + GRACE,
      })
      redis.call('ZADD', open, integer(now), member(number))
    end
  end
  redis.call('ZREMRANGEBYSCORE', open, '-inf', integer(now - keep - DAY)) -- these are forgotten by now
  redis.call('PEXPIRE', open, integer(math.ceil((keep + 2 * DAY) / 1000)))
  return answer
end

if call == 'end' then
  keep_time()
  local claim = ARGV[4]
  for number = 1, count do
    local record, state, outcome = read(number), tonumber(ARGV[2 * number + 3]), ARGV[2 * number + 4]
    if record == nil and state == FREE then -- given back before it came
      write(number, {
        state = FREE, claim = claim, content = '', label = '', by = '', outcome = '',
        began = now, deadline = now, ended = now,
      })
    elseif record and record.claim == claim and (record.state == CLAIMED or record.state == INTERRUPTED) then
      moved(number, record, state, outcome, '')
      if state ~= UNKNOWN then
        redis.call('ZREM', open, member(number))
      end
    end
  end
  return 0
end

if call == 'open' then
  return redis.call('ZRANGE', open, 0, -1)
end

if call == 'unknown' then -- of these, the others are no longer open
  local answer = {}
  for number = 1, count do
    local record = read(number)
    answer[number] = false
    if record and (record.state == INTERRUPTED or record.state == UNKNOWN) then
      answer[number] = {record.state, record.claim, integer(now - record.began), record.label}
    elseif record and record.state ~= CLAIMED or redis.call('EXISTS', KEYS[number + 2]) == 0 then
      redis.call('ZREM', open, member(number))
    end
  end
  return answer
end

if call == 'resolve' then
  keep_time()
  local claim, state, by = ARGV[4], tonumber(ARGV[5]), ARGV[6]
  local record = read(1)
  if record == nil or record.claim ~= claim then
    return '-1'
  end
  if record.state == state and record.by == by then
    return '0' -- the message came twice
  end
  if record.state ~= INTERRUPTED and record.state ~= UNKNOWN then
    return '-1'
  end
  local wait = record.deadline + UNSENT_AFTER - now
  if state == FREE and wait > 0 then
    return integer(wait)
  end
  moved(1, record, state, '', by)
  redis.call('ZREM', open, member(1))
  return '0'
end

return redis.error_reply('no such call: ' .. call)
