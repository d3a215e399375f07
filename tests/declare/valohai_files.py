"""Files of the kind that people have: each lints, plans and runs. The commands are small; all else is as in the wild."""

__all__ = ["FILES", "REFUSED"]

FILES: dict[str, str] = {}

FILES["a command as text"] = """
- step:
    name: hello
    image: python:3.9
    command: echo hello
"""

FILES["a document mark, comments and a long name"] = """---
# the team's file
- step:
    name: Train model (MNIST) v1.0 / CPU
    image: tensorflow/tensorflow:1.5.0-devel   # a comment
    command: echo training > "$VH_OUTPUTS_DIR/model.h5"
"""

FILES["compound commands over several items"] = """
- step:
    name: unpack
    image: x
    command:
      - if [ -d "$VH_REPOSITORY_DIR/nothing" ]; then
      - exit 3
      - else
      - for f in 1 2; do
      - echo "$f"
      - done
      - fi
      - "# a note"
      - python - <<END
      - print("from here")
      - END
      - touch "$VH_OUTPUTS_DIR/made"
"""

FILES["dates and numbers without quotes"] = """
- step:
    name: dates
    image: x
    command: test {parameter-value:day} = 2024-01-31 && echo {parameters} && test "$(ls "$VH_CONFIG_DIR" | wc -l)" -eq 8
    parameters:
      - {name: day, default: 2024-01-31}
      - {name: days, multiple: repeat, default: [2024-01-31, 2024-02-01]}
      - {name: seconds, default: 12:30:45}
      - {name: yes-or-no, default: yes}
"""

FILES["numbers that YAML takes for text"] = """
- step:
    name: rates
    image: x
    command: python -c "import json, os; x = json.load(open(os.environ['VH_CONFIG_DIR'] + '/parameters.json')); assert x in ({'rate':1e-4, 'rates':[1e-3, 0.1], 'n':12}, {'rate':1e-5, 'rates':[1e-3, 0.1], 'n':12}), x"
    parameters:
      - {name: rate, type: float, default: 1e-4}
      - {name: rates, type: float, multiple: separate, default: [1e-3, 0.1]}
      - {name: n, type: integer, default: "12"}
- task:
    name: few rates
    step: rates
    type: grid-search
    parameters:
      - {name: rate, style: multiple, rules: {items: [1e-4, 1e-5]}}
"""

FILES["many commands that share a shell"] = """
- step:
    name: env check
    image: busybox
    command:
      - mkdir -p sub && cd sub
      - export WORD=kept
      - test "$(basename "$PWD")" = sub   # still there
      - test "$WORD" = kept
      - |
        for i in 1 2 3; do
          echo "line $i"
        done
        false || true
      - |
        cat <<EOF
        here
        EOF
"""

FILES["parameters of every type"] = """
- step:
    name: train
    image: python:3.6
    command:
      - test "$(printf '%s|' {parameters})" = "--max_steps=300|--learning_rate=0.001|--name=a b|--decay|-b 64|"
    parameters:
      - {name: max_steps, type: integer, default: 300, description: Number of steps}
      - {name: learning_rate, type: float, default: 0.001}
      - {name: name, type: string, default: a b}
      - {name: nothing, type: string, optional: true}
      - {name: decay, type: flag, default: true}
      - {name: shuffle, type: flag, default: false}
      - {name: batch, type: integer, pass-as: "'-b {v}'", default: 64}
"""
FILES["parameters of every type"] = (
    FILES["parameters of every type"].replace("\"'-b {v}'\"", '"-b={v}"').replace("-b 64", "-b=64")
)

FILES["parameters one by one"] = """
- step:
    name: echo
    image: alpine
    command: test "{parameter:a} {parameter-value:b} {parameter-value:c}" = "--a=1 two 3.5"
    parameters:
      - {name: a, type: integer, default: 1}
      - {name: b, default: two}
      - {name: c, type: float, default: 3.5}
"""
FILES["parameters one by one"] = FILES["parameters one by one"].replace(
    'test "{parameter:a} {parameter-value:b} {parameter-value:c}"',
    'test "$(echo {parameter:a} {parameter-value:b} {parameter-value:c})"',
)

FILES["several values"] = """
- step:
    name: multi
    image: alpine
    command:
      - test "$(echo {parameters})" = "--names=x,y --tag=1 --tag=2 --path=a:b"
    parameters:
      - {name: names, multiple: separate, default: [x, y]}
      - {name: tag, type: integer, multiple: repeat, default: [1, 2]}
      - {name: path, multiple: separate, multiple-separator: ":", default: [a, b]}
      - {name: none, multiple: repeat, optional: true}
"""

FILES["flags with words of their own"] = """
- step:
    name: flags
    image: alpine
    command: test "$(echo {params})" = "--yes --no-cache"
    parameters:
      - {name: sure, type: flag, default: true, pass-true-as: --yes, pass-false-as: --no}
      - {name: cache, type: flag, default: false, pass-true-as: --cache, pass-false-as: --no-cache}
      - {name: quiet, type: flag}
"""

FILES["choices and ranges"] = """
- step:
    name: net
    image: alpine
    command: echo {parameters}
    parameters:
      - {name: size, type: integer, min: 1, max: 10, default: 5}
      - {name: kind, default: small, choices: [small, large], widget: {type: datumalias}}
      - {name: grouped, default: x, category: Advanced}
"""
FILES["choices and ranges"] = FILES["choices and ranges"].replace(", widget: {type: datumalias}", "")

FILES["braces that are no parameters"] = """
- step:
    name: braces
    image: alpine
    command:
      - echo "${HOME}" {not-a-parameter} a{b,c}d
      - "python -c 'print({1: 2})'"
      - awk 'BEGIN { print 1 }' /dev/null
"""

FILES["remote inputs"] = """
- step:
    name: Batch feature extraction
    image: tensorflow/tensorflow:1.13.1-py3
    command: ls -l "$VH_INPUTS_DIR/images" && test -s "$VH_INPUTS_DIR/images/train.gz"
    inputs:
      - name: images
        default: https://example.com/mnist/train.gz
      - name: labels
        default: s3://bucket.example/labels/*.csv
      - name: model
        default: datum://01234567-89ab-cdef-0123-456789abcdef
      - name: version
        default: dataset://faces/latest
        optional: true
"""

FILES["local inputs and patterns"] = """
- step:
    name: files
    image: alpine
    command:
      - test "$(ls $VH_INPUTS_DIR/flat)" = "$(printf 'a.csv\\nb.csv\\nc.csv')"
      - test -f $VH_INPUTS_DIR/full/data/deep/c.csv
      - test -f $VH_INPUTS_DIR/suffix/deep/c.csv
      - test -f $VH_INPUTS_DIR/renamed/x.csv
      - test -z "$(ls $VH_INPUTS_DIR/empty)"
    inputs:
      - {name: flat, default: "data/**/*.csv"}
      - {name: full, default: "data/**/*.csv", keep-directories: full}
      - {name: suffix, default: "data/**/*.csv", keep-directories: suffix}
      - {name: renamed, default: data/a.csv, filename: x.csv}
      - {name: several, default: [data/a.csv, data/b.csv]}
      - {name: empty, optional: true}
"""

FILES["an input that nobody gives"] = """
- step:
    name: evaluate
    image: alpine
    command: ls "$VH_INPUTS_DIR/model"
    inputs:
      - name: model
"""

FILES["environment variables"] = """
- step:
    name: env
    image: alpine
    command: test "$MODE" = fast && test -z "$TOKEN" && test -n "$VH_JOB_ID"
    environment-variables:
      - {name: MODE, default: fast, description: how}
      - {name: TOKEN, optional: true}
    environment-variable-groups: [secrets]
"""

FILES["cloud settings"] = """
- step:
    name: gpu
    image: nvidia/cuda:11.0-base
    environment: aws-eu-west-1-p3-2xlarge
    upload-store: my-store
    icon: https://example.com/icon.png
    category: Training
    description: |
      Trains.
    mounts:
      - /mnt/data:/data
      - {source: /mnt/big, destination: /big, readonly: true}
    cache-volumes: [cache]
    resources: {cpu: {min: 1, max: 2}, memory: {min: 64, max: 128}}
    command: echo fine
"""

FILES["timeouts"] = """
- step:
    name: quick
    image: alpine
    time-limit: 1h 30m
    no-output-timeout: 600
    command: echo in time
"""

FILES["a stop condition"] = """
- step:
    name: forever
    image: python:3.11
    stop-condition: loss < 0.2
    command: |
      python -c "
      import json, time
      for i in range(1000):
          print(json.dumps({'loss': 1 / (i + 1)}), flush=True)
          time.sleep(0.01)
      raise SystemExit(3)
      "
"""

FILES["a shebang"] = """
- step:
    name: script
    image: python:3.11
    command: |
      #!/usr/bin/env python3
      import os
      open(os.path.join(os.environ["VH_OUTPUTS_DIR"], "made.txt"), "w").write("by python")
"""

FILES["fixed folders in commands"] = """
- step:
    name: fixed
    image: alpine
    command:
      - cp /valohai/inputs/data/a.csv /valohai/outputs/copy.csv
      - test -f "$VH_OUTPUTS_DIR/copy.csv" && test -d /valohai/repository
    inputs:
      - {name: data, default: data/a.csv}
"""

_TWO = """
- step:
    name: preprocess
    image: python:3.9
    command:
      - printf train > $VH_OUTPUTS_DIR/train-images.gz && printf test > $VH_OUTPUTS_DIR/test-images.gz
      - mkdir $VH_OUTPUTS_DIR/results && printf r > $VH_OUTPUTS_DIR/results/r.txt
      - echo '{"best_lr":0.5,"names":["a","b","c"],"rows":3}'
    parameters:
      - {name: seed, type: integer, default: 7}
    environment-variables:
      - {name: DATA_VERSION, default: v2}
- step:
    name: train
    image: tensorflow/tensorflow:2.6.0
    command:
      - ls $VH_INPUTS_DIR/*
      - cat $VH_CONFIG_DIR/parameters.json
      - echo "{parameters}"
      - echo '{"accuracy":0.93}'
      - echo model > $VH_OUTPUTS_DIR/model.pkl
    parameters:
      - {name: lr, type: float, default: 0.1}
      - {name: seed, type: integer, default: 1}
      - {name: names, multiple: separate, optional: true}
    inputs:
      - {name: train-images, default: data/a.csv}
      - {name: test-images, default: data/b.csv}
    environment-variables:
      - {name: DATA_VERSION}
"""

FILES["a pipeline of two nodes"] = (
    _TWO
    + """
- pipeline:
    name: Training pipeline
    nodes:
      - {name: preprocess, type: execution, step: preprocess}
      - {name: train, type: execution, step: train}
    edges:
      - [preprocess.output.*train-images*, train.input.train-images]
      - [preprocess.output.*test-images*, train.input.test-images]
"""
)

FILES["edges as mappings and of every kind"] = (
    _TWO
    + """
- pipeline:
    name: edges
    nodes:
      - {name: pre process, type: execution, step: preprocess}
      - {name: train, type: execution, step: train}
      - {name: again, type: execution, step: train}
    edges:
      - {source: pre process.output.train-images.gz, target: train.input.train-images, configuration: {}}
      - [pre process.metadata.best_lr, train.parameter.lr]
      - [pre process.metadata.names, train.parameter.names]
      - [pre process.parameter.seed, train.parameter.seed]
      - [pre process.environment-variable.DATA_VERSION, train.environment-variable.DATA_VERSION]
      - [train.input.train-images, again.input.test-images]
      - [train.dependency.*, again.dependency.*]
"""
)

FILES["overrides"] = (
    _TWO
    + """
- pipeline:
    name: overriding
    nodes:
      - name: train
        type: execution
        step: train
        override:
          image: other:1
          command:
            - test "$(ls $VH_INPUTS_DIR/train-images)" = b.csv && test -z "$(ls $VH_INPUTS_DIR/test-images)"
            - test "$(echo {parameter:lr})" = --lr=0.9 && test "$DATA_VERSION" = v9
          parameters:
            - {name: lr, default: 0.9}
          inputs:
            - {name: train-images, default: data/b.csv}
            - name: test-images
          environment-variables:
            - {name: DATA_VERSION, default: v9}
    edges: []
"""
)

FILES["edges added to defaults"] = (
    _TWO
    + """
- pipeline:
    name: appending
    nodes:
      - {name: preprocess, type: execution, step: preprocess}
      - name: train
        type: execution
        step: train
        edge-merge-mode: append
        override:
          command: test "$(ls $VH_INPUTS_DIR/train-images | wc -l | tr -d ' ')" = 2
    edges:
      - [preprocess.output.train-images.gz, train.input.train-images]
"""
)

FILES["a pipeline's parameters"] = (
    _TWO
    + """
- pipeline:
    name: with parameters
    reuse-executions: true
    parameters:
      - name: rate
        targets: [train.parameter.lr, second.parameters.lr]
        default: 0.7
      - {name: seed, target: train.parameter.seed, default: 11}
      - {name: several, targets: train.parameter.names, default: [x, y z]}
    nodes:
      - name: train
        type: execution
        step: train
        override:
          command: test "$(printf '%s|' {parameters})" = "--lr=0.7|--seed=11|--names=x,y z|"
      - {name: second, type: execution, step: train}
    edges: []
"""
)

FILES["outputs that nobody made"] = """
- step:
    name: stub
    image: alpine
    command: "true"
    inputs: [{name: model}]
    parameters: [{name: lr, type: float, default: 1}]
- pipeline:
    name: stubs
    nodes:
      - {name: a, type: execution, step: stub}
      - {name: b, type: execution, step: stub}
    edges:
      - [a.output.model.pkl, b.input.model]
      - [a.metadata.lr, b.parameter.lr]
"""

FILES["what errors lead to"] = """
- step: {name: bad, image: alpine, command: "exit 3"}
- step: {name: good, image: alpine, command: "true", inputs: [{name: x}]}
- pipeline:
    name: continues
    nodes:
      - {name: bad, type: execution, step: bad, on-error: continue}
      - {name: good, type: execution, step: good, on-error: stop-next}
      - {name: other, type: execution, step: good, on-error: retry}
      - {name: third, type: execution, step: good, on-error: stop-all}
    edges:
      - [bad.output.*, good.input.x]
"""

FILES["a grid"] = (
    _TWO
    + """
- task:
    name: sweep
    step: train
    type: grid-search
    maximum-queued-executions: 3
    on-child-error: stop-all-and-error
    parameters:
      - {name: lr, style: multiple, rules: {items: [0.1, 0.2]}}
      - {name: seed, style: linear, rules: {start: 1, end: 3, step: 1}}
- pipeline:
    name: grid
    nodes:
      - {name: preprocess, type: execution, step: preprocess}
      - {name: sweep, type: task, task: sweep}
      - {name: best, type: execution, step: train}
    edges:
      - [preprocess.output.train-images.gz, sweep.input.train-images]
      - [sweep.output.*.pkl, best.input.train-images]
"""
)

FILES["a task node over metadata"] = (
    _TWO
    + """
- step:
    name: one each
    image: alpine
    command: test -n "{parameter-value:id}" && printf x > $VH_OUTPUTS_DIR/{parameter-value:id}.txt
    parameters: [{name: id, type: string}]
- step:
    name: gather
    image: alpine
    command: test "$(ls $VH_INPUTS_DIR/parts)" = "$(printf 'a.txt\\nb.txt\\nc.txt')"
    inputs: [{name: parts}]
- pipeline:
    name: dynamic
    nodes:
      - {name: preprocess, step: preprocess, type: execution}
      - {name: each, step: one each, type: task, on-error: stop-next}
      - {name: gather, step: gather, type: execution}
    edges:
      - [preprocess.metadata.names, each.parameter.id]
      - [each.output.*, gather.input.parts]
"""
)

FILES["tasks of other types"] = (
    _TWO
    + """
- task:
    name: draws
    step: train
    type: RANDOM_SEARCH
    execution-count: 3
    parameters:
      - {name: lr, style: random, rules: {min: 0.001, max: 1, distribution: loguniform}}
      - {name: seed, style: random, rules: {min: 1, max: 9, integerify: true}}
- task:
    name: by hand
    step: train
    type: manual-search
    parameter-sets:
      - {lr: 0.1, seed: 1}
      - {lr: 0.2, seed: 5}
- pipeline:
    name: tasks
    nodes:
      - {name: draws, type: task, task: draws}
      - {name: by hand, type: task, task: by hand}
    edges: []
"""
)

FILES["a bayesian task"] = (
    _TWO
    + """
- task:
    name: optimize
    step: train
    type: bayesian_tpe
    execution-count: 4
    execution-batch-size: 2
    optimization-target-metric: accuracy
    optimization-target-value: 0.99
    engine: optuna
    parameters:
      - {name: lr, style: logspace, rules: {start: -3, end: 0, count: 4}}
      - {name: seed, style: linear, rules: {start: 1, end: 9, step: 2}}
- pipeline:
    name: bayes
    nodes: [{name: optimize, type: task, task: optimize}]
    edges: []
"""
)

FILES["actions"] = (
    _TWO
    + """
- pipeline:
    name: conditions
    nodes:
      - name: preprocess
        type: execution
        step: preprocess
        actions:
          - {when: node-complete, if: metadata.rows < 1, then: stop-pipeline}
          - {when: [node-starting, node-error], then: noop}
          - {when: node-error, then: stop-pipeline}
      - name: train
        type: execution
        step: train
        actions:
          - when: node-complete
            if: [metadata.accuracy >= 0.99, parameter.lr > 0]
            then: [error-pipeline]
    edges:
      - [preprocess.output.train*, train.input.train-images]
"""
)

FILES["an endpoint and a deployment"] = (
    _TWO
    + """
- endpoint:
    name: predict-digit
    description: predicts
    image: tensorflow/tensorflow:2.6.0
    port: 8000
    wsgi: predict_wsgi:app
    files:
      - {name: model, description: the model, path: model.pkl}
- endpoint:
    name: greet
    image: python:3.9
    server-command: python -m http.server $VALOHAI_PORT
    node-selector: zone=a
- deployment:
    name: MyDeployment
    defaults: {target: local}
- pipeline:
    name: deploying
    nodes:
      - {name: train, type: execution, step: train}
      - {name: deploy, type: deployment, deployment: MyDeployment, endpoints: [predict-digit], aliases: [staging]}
      - {name: after, type: execution, step: train}
    edges:
      - [train.output.model*, deploy.file.predict-digit.model]
      - [deploy.deployment.version_id, after.parameter.names]
"""
)

FILES["anchors"] = """
- step: &base
    name: one
    image: alpine
    command: echo {parameters}
    parameters: &shared
      - {name: a, type: integer, default: 1}
- step:
    <<: *base
    name: two
- step:
    name: three
    image: alpine
    command: ["true"]
    parameters: *shared
"""

FILES["only a step with declared outputs"] = """
- step:
    name: outputs
    image: alpine
    command:
      - echo 1 > $VH_OUTPUTS_DIR/model.pb
      - |-
        echo '{"valohai.tags": ["prod"], "stage": 2}' > $VH_OUTPUTS_DIR/model.pb.metadata.json
    outputs:
      - {name: model, description: the model}
"""

FILES["names that are also names of artifacts"] = """
- step:
    name: train
    image: alpine
    command: echo {parameters}
    parameters:
      - {name: train, default: a}
      - {name: outputs, default: b}
      - {name: metadata, default: c}
      - {name: input.x, default: d}
"""

FILES["windows line ends and a byte order mark"] = (
    "\ufeff" + FILES["a command as text"].strip().replace("\n", "\r\n") + "\r\n"
)

FILES["unicode"] = """
- step:
    name: обучение 模型
    image: alpine
    command: test {parameter-value:größe} = "ä ö 漢"
    parameters:
      - {name: größe, default: ä ö 漢}
"""

FILES["odd metadata"] = """
- step:
    name: odd
    image: python:3.11
    command:
      - echo '{"a":NaN,"b":Infinity,"c":null,"d":[1,2],"e":{"f":1},"g":true,"h":"text"}'
      - echo '{"broken":'
      - echo '[1,2]'
      - echo '{}'
      - echo '  {"padded":1}  '
      - printf '{"last":2}'
"""

FILES["parameters with defaults of other types"] = """
- step:
    name: loose
    image: alpine
    command: test "$(echo {parameters})" = "--steps=5 --rate=1 --version=1.1 --names=3"
    parameters:
      - {name: steps, type: integer, default: "5"}
      - {name: rate, type: float, default: 1}
      - {name: version, type: string, default: 1.1}
      - {name: names, multiple: separate, default: 3}
"""

FILES["two steps of one name"] = """
- step: {name: same, image: alpine, command: "exit 1"}
- step: {name: same, image: alpine, command: "true"}
"""

FILES["a file hint"] = """
- step:
    # penstock: files: data/a.csv, tools/**
    name: narrowed
    image: alpine
    command: test -f data/a.csv && test ! -f data/b.csv
"""

FILES["a step beside pipelines"] = (
    _TWO
    + """
- pipeline:
    name: first
    nodes: [{name: one, type: execution, step: preprocess}]
    edges: []
- pipeline:
    name: second
    nodes: [{name: one, type: execution, step: preprocess}]
    edges: []
"""
)

FILES["input addresses with parameters"] = """
- step:
    name: filled
    image: alpine
    command: test -f $VH_INPUTS_DIR/data/b.csv
    inputs: [{name: data, default: "data/{parameter:which}.csv"}]
    parameters: [{name: which, default: b}]
"""

FILES["a source path"] = """
- step:
    name: sourced
    image: alpine
    source-path: scripts
    command: test {source-path} = scripts
"""

FILES["inputs passed on by a pattern"] = (
    _TWO
    + """
- pipeline:
    name: passing
    nodes:
      - {name: train, type: execution, step: train}
      - name: all
        type: execution
        step: train
        override:
          command: test "$(ls $VH_INPUTS_DIR/train-images | tr '\\n' ' ')" = "a.csv b.csv "
    edges:
      - [train.input.*-images, all.input.train-images]
"""
)

FILES["inputs of a task passed on"] = (
    _TWO
    + """
- pipeline:
    name: passing
    nodes:
      - name: t
        type: task
        step: train
        override:
          parameters: [{name: lr, default: [0.1, 0.2]}]
          environment-variables: [{name: DATA_VERSION, default: v3}]
      - name: all
        type: execution
        step: train
        override:
          command: test "$(ls $VH_INPUTS_DIR/train-images | tr '\\n' ' ')" = "a.csv b.csv " && test $DATA_VERSION = v3
    edges:
      - [t.input.*-images, all.input.train-images]
      - [t.environment-variable.DATA_VERSION, all.environment-variable.DATA_VERSION]
"""
)

FILES["addresses as metadata"] = """
- step:
    name: find
    image: alpine
    command: |
      echo '{"where":null,"number":3}'
- step: {name: use, image: alpine, command: "ls $VH_INPUTS_DIR/data", inputs: [{name: data}]}
- pipeline:
    name: found
    nodes:
      - {name: find, type: execution, step: find}
      - {name: use, type: execution, step: use}
    edges:
      - [find.metadata.where, use.input.data]
      - [find.metadata.number, use.input.parameter.data]
"""

FILES["names that are paths"] = """
- step:
    name: ../x
    image: alpine
    command: test -f "$VH_INPUTS_DIR/a/b/a.csv"
    inputs: [{name: ../../a/b, default: data/a.csv}]
"""

REFUSED: dict[str, tuple[str, str, int]] = {}
"""Files that can't run here: what they say, words of the error, and its line."""

REFUSED["no yaml"] = ("- step:\n    name: x\n   image: y\n", "no YAML", 3)
REFUSED["no list"] = ("step:\n  name: x\n", "it is a mapping (`step`, …)", 1)
REFUSED["nothing"] = ("# nothing\n", "declares no steps", 0)
REFUSED["a step without a command"] = ("- step:\n    name: x\n    image: y\n", "'command' is a required property", 1)
REFUSED["a misspelt key"] = (
    "- step:\n    name: x\n    image: y\n    command: z\n    enviroment: w\n",
    "'enviroment' was unexpected",
    5,
)
REFUSED["an edge from nowhere"] = (
    "- step: {name: x, image: y, command: z}\n- pipeline:\n    name: p\n    nodes:\n"
    "      - {name: a, type: execution, step: x}\n    edges:\n      - [b.output.*, a.input.i]\n",
    "source node b does not exist",
    7,
)
REFUSED["an edge of two parts"] = (
    "- step: {name: x, image: y, command: z}\n- pipeline:\n    name: p\n    nodes:\n"
    "      - {name: a, type: execution, step: x}\n    edges:\n      - [a.output, a.input.i]\n",
    "must have 3 parts",
    7,
)
REFUSED["a node of an unknown step"] = (
    "- step: {name: xray, image: y, command: z}\n- pipeline:\n    name: p\n    nodes:\n"
    "      - {name: a, type: execution, step: xrya}\n    edges: []\n",
    'step "xrya" does not exist',
    5,
)
REFUSED["a circle"] = (
    "- step: {name: x, image: y, command: z, inputs: [{name: i}]}\n- pipeline:\n    name: p\n    nodes:\n"
    "      - {name: a, type: execution, step: x}\n      - {name: b, type: execution, step: x}\n    edges:\n"
    "      - [a.output.*, b.input.i]\n      - [b.output.*, a.input.i]\n",
    "need each other",
    5,
)
REFUSED["a distributed task"] = (
    "- step: {name: x, image: y, command: z, parameters: [{name: a}]}\n- task:\n    name: t\n    step: x\n"
    "    type: distributed\n    parameters: [{name: a, style: single, rules: {value: 1}}]\n",
    "distributed task",
    5,
)
REFUSED["a commit"] = (
    "- step: {name: x, image: y, command: z}\n- pipeline:\n    name: p\n    nodes:\n"
    "      - name: a\n        type: execution\n        step: x\n        commit: abc\n    edges: []\n",
    "only the working copy is here",
    8,
)
REFUSED["an unknown action"] = (
    "- step: {name: x, image: y, command: z}\n- pipeline:\n    name: p\n    nodes:\n"
    "      - name: a\n        type: execution\n        step: x\n        actions:\n"
    "          - {when: node-complete, then: stop-pipelin}\n    edges: []\n",
    "an action can't `stop-pipelin`",
    9,
)
REFUSED["a type of task that is none"] = (
    "- step: {name: x, image: y, command: z}\n- task:\n    name: t\n    step: x\n    type: magic\n    parameter-sets: [{a: 1}]\n",
    "'magic' is not a valid TaskType",
    5,
)
