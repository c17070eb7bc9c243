import torch, torchvision, numpy as np, sys, time, os
from PIL import Image
import scipy.io
torch.set_num_threads(2)
R, W = sys.argv[1], sys.argv[2]  # the data set's folder, the weights
m=scipy.io.loadmat(R+'/devkit/cars_train_annos.mat',squeeze_me=True)['annotations']
files=[str(a['fname']) for a in m]; y=torch.tensor([int(a['class'])-1 for a in m])
g=torch.Generator().manual_seed(0); perm=torch.randperm(len(y),generator=g)
tr,va=perm[:5000],perm[5000:]
net=torchvision.models.resnet18(num_classes=200); net.load_state_dict(torch.load(W)); net.fc=torch.nn.Identity(); net.eval().to(memory_format=torch.channels_last)
mean=torch.tensor([.485,.456,.406]).view(1,3,1,1); std=torch.tensor([.229,.224,.225]).view(1,3,1,1)
for (h,w) in [(48,64),(64,64),(64,80),(64,96),(80,112),(96,96),(96,128),(112,144),(128,176)]:
  for mode in ['crop','squash']:
    if mode=='squash' and (h,w) not in [(64,80),(96,128)]: continue
    t=time.time(); F=[]
    for i in range(0,len(files),64):
        b=[]
        for f in files[i:i+64]:
            im=Image.open(f'{R}/cars_train/{f}').convert('RGB')
            if mode=='squash': im=im.resize((w,h),Image.BILINEAR)
            else:
                s=max(h/im.height,w/im.width); im=im.resize((max(w,round(im.width*s)),max(h,round(im.height*s))),Image.BILINEAR)
                l=(im.width-w)//2; u=(im.height-h)//2; im=im.crop((l,u,l+w,u+h))
            b.append(torch.from_numpy(np.array(im)).permute(2,0,1))
        x=(torch.stack(b).float()/255-mean)/std
        with torch.no_grad(), torch.autocast('cpu',dtype=torch.bfloat16): F.append(net(x.to(memory_format=torch.channels_last)).float())
    F=torch.cat(F).double(); mu,sd=F[tr].mean(0),F[tr].std(0); F=(F-mu)/sd
    Y=torch.nn.functional.one_hot(y,196).double(); best=0
    A=F[tr].T@F[tr]; B=F[tr].T@(Y[tr]-Y[tr].mean(0))
    for lam in [100,300,1000,3000]:
        W=torch.linalg.solve(A+lam*torch.eye(512).double(),B); acc=((F[va]@W+Y[tr].mean(0)).argmax(1)==y[va]).double().mean().item(); best=max(best,acc)
    print(h,w,mode,f'{best*100:.1f}',f'{time.time()-t:.0f}s',flush=True)
