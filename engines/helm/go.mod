module akua.dev/engines/helm

go 1.26.8

require helm.sh/helm/v4 v4.3.1 // indirect
