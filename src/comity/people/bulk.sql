-- Blocking keys in DuckDB: those of block.py, rule by rule. A test holds the two to the same keys.

-- name: keys
-- The keys of everybody, hashed, each once; of what stands in everybody, numbers and sounds.
with few as (
    select unique_id as id, given, middle, family, names, formal, address, birth, postcode,
        left(birth, 4) as born,
        least(substr(birth, 5, 2), substr(birth, 7)) || '|' || greatest(substr(birth, 5, 2), substr(birth, 7)) as days
    from everybody
),
written as (  -- of the birth date; of half a name and part of it; of the postcode
    select id, unnest(list_distinct([
        'd|' || birth || '|' || left(given, 1), 'd|' || birth || '|' || left(family, 1),
        'd|' || birth || '|' || left(middle, 1),
        'e|' || given || '|' || born || '|' || days, 'e|' || family || '|' || born || '|' || days,
        'h|' || given || '|' || left(family, 1) || '|' || born, 'h|' || family || '|' || left(given, 1) || '|' || born,
        'h|' || given || '|' || left(family, 1) || '|' || substr(birth, 5),
        'h|' || family || '|' || left(given, 1) || '|' || substr(birth, 5),
        'p|' || postcode || '|' || given, 'p|' || postcode || '|' || family, 'pb|' || postcode || '|' || born
    ])) as key
    from few
),
named as (  -- of the whole name, with the year, with the day; of the names in full
    select id, unnest(list_concat(
        list_transform(names, lambda name: 'n|' || name),
        list_transform(names, lambda name: 'ny|' || name || '|' || born),
        list_transform(names, lambda name: 'nd|' || name || '|' || days),
        list_transform(formal, lambda name: 'ff|' || name || '|' || family)
    )) as key
    from few
),
sounding as (
    select id, 'fs|' || one.sound || '|' || other.sound as key
    from few join sounds as one on one.name = family join sounds as other on other.name = given
),
halves as (
    select id, kind, unnest(['<' || left(number, half), '>' || right(number, half)]) as part
    from (select id, kind, number, length(number) // 2 as half from numbers) where half >= $shortest_half
),
numbered as (  -- of a number, and of half of it with something else
    select id, 'i|' || kind || '|' || number as key from numbers
    union all
    select id, unnest([
        kind || '|ip|' || part || '|' || postcode,
        kind || '|in|' || part || '|' || left(given, 1) || left(family, 1) || '|' || born
    ])
    from halves join few using (id)
),
housed as (  -- of the house and an initial
    select id, 'a|' || number || '|' || unnest(longest) || '|' || initial as key
    from (
        select id, left(coalesce(family, given), 1) as initial,
            unnest(list_filter(address, lambda word: regexp_matches(word, '^\p{Nd}'))) as number,
            list_transform(
                list_sort(list_transform(
                    list_filter(address, lambda word: not regexp_matches(word, '^\p{Nd}')),
                    lambda word: {'short': -length(word), 'word': word}
                ))[:$words_of_an_address],
                lambda each: each.word
            ) as longest
        from few
    )
)
select hash(key) as key, id
from (
    select * from written union all select * from named union all select * from sounding
    union all select * from numbered union all select * from housed
)
where key is not null

-- name: many_shared
-- The keys that two people or more have, and not more than make a block.
select key, id from keys
semi join (select key from keys group by key having count(*) between 2 and $largest_block) using (key)
